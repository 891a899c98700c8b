# One library per folder of cpp/mdloom; what it may link is what it may include.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(MDLOOM_CCACHE ccache)
if(MDLOOM_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MDLOOM_CCACHE})
endif()

# The flags of all our own code. No -march: kernels choose their instructions while running. No contraction, so that
# floating-point results are a function of the source alone.
add_library(mdloom_flags INTERFACE)
target_include_directories(mdloom_flags INTERFACE ${PROJECT_SOURCE_DIR}/cpp)
target_compile_options(mdloom_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow=local -ffp-contract=off
                       -fno-math-errno -fno-trapping-math $<$<BOOL:${MDLOOM_WERROR}>:-Werror>
                       # what GCC 12 believes to see in inlined vectors depends on the optimizer's mood
                       -Wno-error=stringop-overflow -Wno-error=array-bounds -Wno-error=restrict
                       $<$<CONFIG:Release>:-fstack-protector-strong>)
target_compile_definitions(mdloom_flags INTERFACE $<$<CONFIG:Release>:_GLIBCXX_ASSERTIONS>)
if(MDLOOM_SANITIZE)
  target_compile_options(mdloom_flags INTERFACE -fsanitize=${MDLOOM_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(mdloom_flags INTERFACE -fsanitize=${MDLOOM_SANITIZE})
endif()

# Header-only in the wheel, so that nothing has to be bundled; else the library: sources then compile in a quarter of the
# time under sanitizers.
set(MDLOOM_FMT fmt::fmt)
if(MDLOOM_PYTHON)
  set(MDLOOM_FMT fmt::fmt-header-only)
endif()

# mdloom_layer(NAME [layers it may include ...] [LIBRARIES what only it links ...])
function(mdloom_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp/mdloom/${name}/*.cpp)
  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND mdloom_ OUTPUT_VARIABLE layers)
  if(sources)
    add_library(mdloom_${name} STATIC ${sources})
    target_link_libraries(mdloom_${name} PUBLIC ${layers} mdloom_flags PRIVATE ${MDLOOM_FMT} ${arg_LIBRARIES})
  else()
    add_library(mdloom_${name} INTERFACE)
    target_link_libraries(mdloom_${name} INTERFACE ${layers} mdloom_flags)
  endif()
endfunction()

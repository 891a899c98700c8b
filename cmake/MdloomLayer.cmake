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

# What numbers depend on, so users of the package get it too. No contraction: floating-point results are a function of the
# source alone.
add_library(mdloom_numbers INTERFACE)
target_compile_features(mdloom_numbers INTERFACE cxx_std_20)
target_compile_options(mdloom_numbers INTERFACE -ffp-contract=off)

# The flags of all our own code, and of nobody else's. No -march: kernels choose their instructions while running.
add_library(mdloom_flags INTERFACE)
target_link_libraries(mdloom_flags INTERFACE mdloom_numbers)
set(gcc $<CXX_COMPILER_ID:GNU>)
target_compile_options(mdloom_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion $<${gcc}:-Wshadow=local>
                       -fno-math-errno -fno-trapping-math $<$<BOOL:${MDLOOM_WERROR}>:-Werror>
                       # what GCC 12 believes to see in inlined vectors depends on the optimizer's mood
                       $<${gcc}:-Wno-error=stringop-overflow> $<${gcc}:-Wno-error=array-bounds>
                       $<${gcc}:-Wno-error=restrict>
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
  set(folder ${PROJECT_SOURCE_DIR}/cpp/mdloom/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${folder}/*.hpp)
  list(FILTER headers EXCLUDE REGEX "/formats/")  # a format is known by its catalog line
  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND mdloom_ OUTPUT_VARIABLE layers)
  set(scope INTERFACE)
  if(sources)
    set(scope PUBLIC)
    add_library(mdloom_${name} STATIC ${sources})
    target_link_libraries(mdloom_${name} PRIVATE $<BUILD_INTERFACE:mdloom_flags> ${MDLOOM_FMT} ${arg_LIBRARIES})
  else()
    add_library(mdloom_${name} INTERFACE)
  endif()
  target_link_libraries(mdloom_${name} ${scope} ${layers} mdloom_numbers)
  target_sources(mdloom_${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/cpp FILES ${headers})
  set_target_properties(mdloom_${name} PROPERTIES EXPORT_NAME ${name})
  add_library(mdloom::${name} ALIAS mdloom_${name})
  set_property(GLOBAL APPEND PROPERTY MDLOOM_LAYERS mdloom_${name})
endfunction()

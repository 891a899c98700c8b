# mdloom_plugin(NAME sources ...): a shared library libNAME.so for mdloom.plugins.load(). It shows the loader its one door
# and nothing else, so that two plug-ins may have functions of the same name.
function(mdloom_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE mdloom::analyses)
  target_link_options(${name} PRIVATE -Wl,--no-undefined -Wl,--as-needed -Wl,--exclude-libs,ALL)
  set_target_properties(${name} PROPERTIES PREFIX lib SUFFIX .so CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

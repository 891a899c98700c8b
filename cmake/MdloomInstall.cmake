# cmake --install: libraries, headers, and what find_package(mdloom) reads. Nothing in it knows where it was installed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/mdloom)

get_property(layers GLOBAL PROPERTY MDLOOM_LAYERS)
add_library(mdloom_mdloom INTERFACE)
target_link_libraries(mdloom_mdloom INTERFACE ${layers})
set_target_properties(mdloom_mdloom PROPERTIES EXPORT_NAME mdloom)
set_target_properties(mdloom_numbers PROPERTIES EXPORT_NAME numbers)
add_library(mdloom::mdloom ALIAS mdloom_mdloom)
add_custom_target(libraries DEPENDS ${layers})  # all that is installed, without the tests

install(TARGETS ${layers} mdloom_mdloom mdloom_numbers EXPORT mdloomTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT mdloomTargets NAMESPACE mdloom:: DESTINATION ${package_folder})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mdloomConfig.cmake.in ${PROJECT_BINARY_DIR}/mdloomConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mdloomConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mdloomConfig.cmake ${PROJECT_BINARY_DIR}/mdloomConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/MdloomPlugin.cmake
        DESTINATION ${package_folder})

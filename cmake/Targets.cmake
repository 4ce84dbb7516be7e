# One folder, one layer, one target.
#
#   apiclient_layer(kube SOURCES a.cpp b.cpp DEPENDS apiclient_http PRIVATE yaml-cpp)
#     static library apiclient_kube, headers included as "kube/…"
#   apiclient_unit_test(kube SOURCES a_test.cpp DEPENDS apiclient_kube)
#     program unit_kube, each of its cases a CTest test
function(apiclient_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(apiclient_${name} STATIC ${ARG_SOURCES})
  target_include_directories(apiclient_${name} PUBLIC ${PROJECT_SOURCE_DIR}/controller)
  target_link_libraries(apiclient_${name} PUBLIC apiclient_settings ${ARG_DEPENDS}
                                          PRIVATE apiclient_warnings ${ARG_PRIVATE})
endfunction()

function(apiclient_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE apiclient_settings apiclient_warnings ${ARG_DEPENDS})
endfunction()

function(apiclient_test_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE apiclient_settings apiclient_warnings ${ARG_DEPENDS} GTest::gmock
                                        GTest::gtest_main)
endfunction()

function(apiclient_unit_test layer)
  apiclient_test_program(unit_${layer} ${ARGN})
  gtest_discover_tests(unit_${layer} TEST_PREFIX "unit.${layer}." DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS unit TIMEOUT 180)
endfunction()

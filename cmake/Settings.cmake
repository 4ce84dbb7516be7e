# Language, linker and compiler launcher for every target of the project.
add_library(apiclient_settings INTERFACE)
target_compile_features(apiclient_settings INTERFACE cxx_std_20)
# cpprestsdk's U() macro breaks fmt (see docs/adr); no target ever wants it.
target_compile_definitions(apiclient_settings INTERFACE _TURN_OFF_PLATFORM_STRING
                           APICLIENT_VERSION="${PROJECT_VERSION}")
target_compile_definitions(apiclient_settings INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths are hashed relative to the work tree, so that a second clone finds what the first one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(apiclient_settings INTERFACE -fuse-ld=mold)
endif()

# Only what is used is shipped and mapped.
target_compile_options(apiclient_settings INTERFACE $<$<CONFIG:Release>:-ffunction-sections -fdata-sections>)
target_link_options(apiclient_settings INTERFACE $<$<CONFIG:Release>:-Wl,--gc-sections>)

set(APICLIENT_SANITIZE "" CACHE STRING "Sanitizers, as given to -fsanitize=")
if(APICLIENT_SANITIZE)
  target_compile_options(apiclient_settings INTERFACE -fsanitize=${APICLIENT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(apiclient_settings INTERFACE -fsanitize=${APICLIENT_SANITIZE})
endif()

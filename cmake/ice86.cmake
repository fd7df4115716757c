# Targets of this project. Every library states its layer; linking to the same or a higher layer is
# refused when CMake configures, so that the arrows of docs/architecture.md stay true.
#
#   0 emulator/base
#   1 emulator/bus
#   2 cpu, devices, slirp-net, images (these never see each other)
#   3 emulator/machine
#   4 harness, debugger, display
#   5 emulator/app

set_property(GLOBAL PROPERTY ICE86_LIBRARIES "")

function(ice86_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror -Wshadow
                                           $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -fno-strict-aliasing)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms of g++ 12 in the standard library's own code, more of them with -O3 and with
    # precompiled headers (GCC bugs 105651, 105329). clang and the sanitizers look at all of it, too.
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
                                             -Wno-stringop-overread -Wno-maybe-uninitialized)
  endif()
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  if(ICE86_SANITIZE_ADDRESS)
    target_compile_options(${target} PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all
                                            -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  elseif(ICE86_SANITIZE_THREAD)
    target_compile_options(${target} PUBLIC -fsanitize=thread)
    target_link_options(${target} PUBLIC -fsanitize=thread)
  endif()
  if(ICE86_COVERAGE)
    target_compile_options(${target} PUBLIC --coverage)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

# Precompiled headers, one set for the product and one for tests: most of a cold build is reading the
# standard library and GoogleTest. Without them (the default outside the presets, as ccache has more
# hits so) every file still has to include what it uses.
function(ice86_precompiled_headers name target)
  if(NOT ICE86_PRECOMPILED_HEADERS)
    return()
  endif()
  set(headers <algorithm> <array> <cstdint> <cstring> <filesystem> <functional> <map> <memory> <optional>
              <span> <string> <string_view> <unordered_map> <vector> <fmt/core.h>)
  set(deps fmt::fmt)
  if(name STREQUAL "ice86_test_headers")
    list(APPEND headers <gmock/gmock.h> <gtest/gtest.h>)
    list(APPEND deps GTest::gmock)
  endif()
  if(NOT TARGET ${name})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cpp CONTENT "" @ONLY)
    add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cpp)
    ice86_compile_options(${name})
    target_link_libraries(${name} PRIVATE ${deps})
    target_precompile_headers(${name} PRIVATE ${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()

# ice86_library(name LAYER n SOURCES a.cpp ... [DEPS lib ...])
function(ice86_library name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;DEPS" ${ARGN})
  if(NOT DEFINED ARG_LAYER)
    message(FATAL_ERROR "ice86_library(${name}): LAYER is missing")
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  ice86_compile_options(${name})
  ice86_precompiled_headers(ice86_headers ${name})
  set_target_properties(${name} PROPERTIES ICE86_LAYER ${ARG_LAYER})
  foreach(dep IN LISTS ARG_DEPS)
    if(TARGET ${dep})
      get_target_property(dep_layer ${dep} ICE86_LAYER)
      if(NOT dep_layer STREQUAL "dep_layer-NOTFOUND" AND dep_layer GREATER_EQUAL ARG_LAYER)
        message(FATAL_ERROR "${name} (layer ${ARG_LAYER}) may not depend on ${dep} "
                            "(layer ${dep_layer}): dependencies only point downwards")
      endif()
    endif()
  endforeach()
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

# ice86_program(name SOURCES ... DEPS ...)
function(ice86_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  ice86_compile_options(${name})
  ice86_precompiled_headers(ice86_headers ${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# ice86_test(name [WHOLE] SOURCES ... DEPS ... [LABELS ...] [COST SECONDS]): one GoogleTest program, each
# test a CTest test; with WHOLE the program is one CTest test, for tests that share a costly run. Tests of
# minutes say so, and start first.
function(ice86_test name)
  cmake_parse_arguments(ARG "WHOLE" "COST" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT ARG_COST)
    set(ARG_COST 0)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  ice86_compile_options(${name})
  ice86_precompiled_headers(ice86_test_headers ${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" COST ${ARG_COST})
    return()
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${ARG_LABELS}" COST ${ARG_COST})
endfunction()

#pragma once
// Bodies and headers that the tests of the running registry share.

#include <nlohmann/json.hpp>
#include <string>

#include "base/encoding.h"
#include "http/uri.h"
#include "json/json.h"

namespace apiclient::registry::test {

inline Json machine_with_secret(const std::string& client_id, const std::string& operation_id,
                                const std::string& value, std::int64_t revision = 1) {
  return {{"client_id", client_id},
          {"client_name", "A machine"},
          {"type", "machine"},
          {"scope", "read write"},
          {"mark",
           {{"installation_id", "installation-1"},
            {"namespace", "team-a"},
            {"name", "invoices"},
            {"uid", "uid-1"},
            {"revision", revision}}},
          {"secret", {{"value", value}, {"operation_id", operation_id}, {"revision", revision}}}};
}

inline Json added_secret(const std::string& operation_id, const std::string& value, std::int64_t revision) {
  return {{"operation_id", operation_id}, {"value", value}, {"revision", revision}};
}

/// RFC 6749 §2.3.1: form encoding inside Basic.
inline std::string basic_of(const std::string& client_id, const std::string& value) {
  return "Basic " + base64_encode(http::form_encode(client_id) + ":" + http::form_encode(value));
}

inline const std::string kClientsPath = "/admin/v1/clients";
inline const std::string kClientCredentials = "grant_type=client_credentials";

}  // namespace apiclient::registry::test

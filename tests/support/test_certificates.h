#pragma once
// Certificates made on the spot, for TLS tests. PEM texts.

#include <string>
#include <vector>

namespace apiclient::test {

struct TestCertificate {
  std::string certificate_pem;
  std::string key_pem;
};

/// A root of its own.
TestCertificate make_test_ca(const std::string& common_name);
/// For servers and clients alike; `names` are its subject alternative names, as "DNS:a.example" or
/// "IP:127.0.0.1".
TestCertificate issue_test_certificate(const TestCertificate& ca, const std::string& common_name,
                                       const std::vector<std::string>& names);

}  // namespace apiclient::test

#include "reconciler/registry_credentials.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/conditions.h"
#include "api/names.h"
#include "base/encoding.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;

constexpr const char* kCertificateKey = "tls.crt";
constexpr const char* kPrivateKeyKey = "tls.key";

/// One key of a Secret, decoded; empty when missing, empty or not base64.
Secret read_key(const Json& secret, const std::string& key) {
  json::Problems problems;
  const json::Reader reader(secret, problems);
  auto bytes = base64_decode(reader.object("data").optional_text(key).value_or(""));
  if (!bytes) return {};
  // A value written by an editor or by `echo` ends with a line break, which is never part of it.
  while (bytes->ends_with('\n') || bytes->ends_with('\r')) bytes->pop_back();
  Secret value(*bytes);
  wipe(*bytes);
  return value;
}

/// The Secrets of one read, each asked for once; the first trouble stands.
class Secrets {
 public:
  Secrets(kube::Reader& client, std::string namespace_name, std::stop_token stop)
      : client_(client), namespace_(std::move(namespace_name)), stop_(std::move(stop)) {}

  /// The value under a key of a Secret; null when there is a trouble or an error. `field` as people write it.
  backend::SharedSecret value(const std::string& field, const std::string& name, const std::string& key) {
    const Json* secret = find(field, name);
    if (secret == nullptr) return nullptr;
    auto value = std::make_shared<const Secret>(read_key(*secret, key));
    if (!value->empty()) return value;
    complain(reason::kCredentialsNotFound,
             title(field, name) + " has no value under the key " + key + "; add it");
    return nullptr;
  }

  std::string text(const std::string& field, const std::string& name, const std::string& key) {
    const backend::SharedSecret found = value(field, name, key);
    return found ? std::string(found->reveal()) : std::string();
  }

  std::optional<Error> error;
  std::optional<RegistryTrouble> trouble;

  [[nodiscard]] std::string version() const {
    std::string all;
    for (const auto& [name, secret] : found_) {
      const auto meta = kube::read_object_meta(secret);
      if (meta) all.append(name + "/" + meta->uid + "/" + meta->resource_version + " ");
    }
    return all;
  }

 private:
  const Json* find(const std::string& field, const std::string& name) {
    if (error || trouble) return nullptr;
    if (const auto known = found_.find(name); known != found_.end()) return &known->second;
    auto secret = client_.find(kube::kSecrets, {.namespace_name = namespace_, .name = name}, stop_);
    if (!secret) {
      error = std::move(secret).error();
      return nullptr;
    }
    if (!*secret) {
      complain(reason::kCredentialsNotFound, title(field, name) + " does not exist; create it");
      return nullptr;
    }
    const auto meta = kube::read_object_meta(**secret);
    if (!meta || meta->label(api::kUsableByLabel) != api::kUsableByRegistry) {
      complain(reason::kCredentialsNotUsable,
               title(field, name) +
                   " lacks the label apiclient.dev/usable-by: registry, so the "
                   "operator may not use it; add the label");
      return nullptr;
    }
    return &found_.emplace(name, std::move(**secret)).first->second;
  }

  [[nodiscard]] std::string title(const std::string& field, const std::string& name) const {
    return "spec." + field + ": Secret " + namespace_ + "/" + name;
  }
  void complain(std::string_view why, std::string message) {
    if (!trouble) trouble = waiting(why, std::move(message));
  }

  kube::Reader& client_;
  const std::string namespace_;
  const std::stop_token stop_;
  std::map<std::string, Json> found_;
};

backend::RegistryAuth read_auth(const api::ClientRegistrySpec& spec, Secrets& secrets) {
  if (const auto& bearer = spec.bearer) {
    return backend::BearerAuth{secrets.value("auth.bearer.secretRef", bearer->name, bearer->key)};
  }
  if (const auto& basic = spec.basic) {
    const std::string field = "auth.basic.secretRef";
    return backend::BasicAuth{.username = secrets.text(field, basic->name, basic->username_key),
                              .password = secrets.value(field, basic->name, basic->password_key)};
  }
  if (const auto& client = spec.client_credentials) {
    const std::string field = "auth.clientCredentials.secretRef";
    return backend::ClientCredentialsAuth{
        .client_id = secrets.text(field, client->name, client->client_id_key),
        .client_secret = secrets.value(field, client->name, client->client_secret_key),
        .token_url = client->token_url,
        .scopes = client->scopes};
  }
  if (const auto& initial = spec.initial_access_token) {
    return backend::BearerAuth{
        secrets.value("auth.initialAccessToken.secretRef", initial->name, initial->key)};
  }
  return backend::NoAuth{};
}

backend::TlsSettings read_tls(const api::RegistryTls& spec, Secrets& secrets) {
  backend::TlsSettings tls{.ca_pem = spec.ca_bundle,
                           .server_name = spec.server_name,
                           .insecure_skip_verify = spec.insecure_skip_verify};
  if (spec.ca_secret) tls.ca_pem = secrets.text("tls.caSecretRef", spec.ca_secret->name, spec.ca_secret->key);
  if (const std::string& name = spec.client_certificate_secret; !name.empty()) {
    const std::string field = "tls.clientCertificateSecretRef";
    tls.certificate_pem = secrets.text(field, name, kCertificateKey);
    tls.key_pem = secrets.value(field, name, kPrivateKeyKey);
  }
  return tls;
}

}  // namespace

std::set<std::string> secrets_of(const api::ClientRegistrySpec& spec) {
  std::set<std::string> names;
  if (spec.bearer) names.insert(spec.bearer->name);
  if (spec.basic) names.insert(spec.basic->name);
  if (spec.client_credentials) names.insert(spec.client_credentials->name);
  if (spec.initial_access_token) names.insert(spec.initial_access_token->name);
  if (spec.tls.ca_secret) names.insert(spec.tls.ca_secret->name);
  if (!spec.tls.client_certificate_secret.empty()) names.insert(spec.tls.client_certificate_secret);
  return names;
}

Result<std::variant<RegistryCredentials, RegistryTrouble>> CredentialsReader::read(
    const api::ClientRegistrySpec& spec, const std::string& secrets_namespace, std::stop_token stop) {
  using Answer = std::variant<RegistryCredentials, RegistryTrouble>;
  Secrets secrets(client_, secrets_namespace, std::move(stop));
  RegistryCredentials credentials;
  credentials.auth = read_auth(spec, secrets);
  credentials.tls = read_tls(spec.tls, secrets);
  credentials.version = secrets.version();
  if (secrets.error) return fail(std::move(*secrets.error));
  if (secrets.trouble) return Answer(std::move(*secrets.trouble));
  return Answer(std::move(credentials));
}

}  // namespace apiclient::reconciler

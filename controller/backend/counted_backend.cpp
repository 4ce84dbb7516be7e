#include "backend/counted_backend.h"

#include <string_view>
#include <type_traits>
#include <utility>

#include "base/clock.h"

namespace apiclient::backend {
namespace {

class CountedBackend final : public Backend {
 public:
  CountedBackend(std::string name, std::unique_ptr<Backend> inner, telemetry::Metrics& metrics)
      : name_(std::move(name)), inner_(std::move(inner)), metrics_(metrics) {
    metrics_.registry_made(name_);
  }

  Result<RegistryInfo> probe(std::stop_token stop) override {
    return count("probe", "probe registry", [&] { return inner_->probe(std::move(stop)); });
  }

  Result<std::optional<RegisteredClient>> find(const std::string& client_id, std::stop_token stop) override {
    return count("find", "find client " + client_id,
                 [&] { return inner_->find(client_id, std::move(stop)); });
  }

  Result<std::vector<std::string>> list_owned(const std::string& installation_id,
                                              std::stop_token stop) override {
    return count("list", "list clients",
                 [&] { return inner_->list_owned(installation_id, std::move(stop)); });
  }

  Result<RegisteredClient> create(const ClientSettings& settings, const OwnershipMark& mark,
                                  const NewCredential* credential, std::stop_token stop) override {
    return count("create", "create client " + settings.client_id,
                 [&] { return inner_->create(settings, mark, credential, std::move(stop)); });
  }

  Result<RegisteredClient> update(const ClientSettings& settings, const OwnershipMark& mark,
                                  const std::string& expected_uid, std::stop_token stop) override {
    return count("update", "update client " + settings.client_id,
                 [&] { return inner_->update(settings, mark, expected_uid, std::move(stop)); });
  }

  Result<RegisteredClient> adopt(const ClientSettings& settings, const OwnershipMark& mark,
                                 const std::string& etag, std::stop_token stop) override {
    return count("adopt", "adopt client " + settings.client_id,
                 [&] { return inner_->adopt(settings, mark, etag, std::move(stop)); });
  }

  Result<Credential> add_credential(const std::string& client_id, const std::string& expected_uid,
                                    const NewCredential& credential, std::stop_token stop) override {
    return count("add_credential", "add a secret to client " + client_id, [&] {
      return inner_->add_credential(client_id, expected_uid, credential, std::move(stop));
    });
  }

  Result<Credential> replace_credential(const std::string& client_id, const std::string& expected_uid,
                                        const NewCredential& credential, std::stop_token stop) override {
    return count("replace_credential", "replace the secret of client " + client_id, [&] {
      return inner_->replace_credential(client_id, expected_uid, credential, std::move(stop));
    });
  }

  Result<Registration> rotate_credential(const std::string& client_id, const std::string& expected_uid,
                                         const NewCredential& wanted, std::stop_token stop) override {
    return count("rotate_credential", "rotate the secret of client " + client_id,
                 [&] { return inner_->rotate_credential(client_id, expected_uid, wanted, std::move(stop)); });
  }

  Result<Registration> register_client(const ClientSettings& settings, const OwnershipMark& mark,
                                       const std::string& operation_id, std::stop_token stop) override {
    return count("register_client", "register a client",
                 [&] { return inner_->register_client(settings, mark, operation_id, std::move(stop)); });
  }

  Result<void> retire_credential(const std::string& client_id, const std::string& credential_id,
                                 std::stop_token stop) override {
    return count("retire_credential", "retire a secret of client " + client_id,
                 [&] { return inner_->retire_credential(client_id, credential_id, std::move(stop)); });
  }

  Result<RegisteredClient> set_disabled(const std::string& client_id, const std::string& expected_uid,
                                        bool disabled, std::stop_token stop) override {
    const std::string operation = disabled ? "disable" : "enable";
    return count(operation, operation + " client " + client_id,
                 [&] { return inner_->set_disabled(client_id, expected_uid, disabled, std::move(stop)); });
  }

  Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                      std::stop_token stop) override {
    return count("remove", "remove client " + client_id,
                 [&] { return inner_->remove(client_id, expected_uid, std::move(stop)); });
  }

 private:
  template <typename Call>
  std::invoke_result_t<Call> count(std::string_view label, std::string_view operation, Call call) {
    const BootTime began_at = BootClock::now();
    auto outcome = call();
    metrics_.backend_request(name_, label, outcome ? "success" : to_string(outcome.error().kind),
                             BootClock::now() - began_at);
    if (outcome) return outcome;
    return fail(std::move(outcome).error().in(operation));
  }

  const std::string name_;
  const std::unique_ptr<Backend> inner_;
  telemetry::Metrics& metrics_;
};

}  // namespace

std::unique_ptr<Backend> make_counted_backend(std::string name, std::unique_ptr<Backend> inner,
                                              telemetry::Metrics& metrics) {
  return std::make_unique<CountedBackend>(std::move(name), std::move(inner), metrics);
}

}  // namespace apiclient::backend

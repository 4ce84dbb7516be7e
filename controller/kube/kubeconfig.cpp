#include "kube/kubeconfig.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <filesystem>
#include <sstream>
#include <utility>

#include "base/encoding.h"

namespace apiclient::kube {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;
constexpr int kMaxDepth = 16;

/// Sees the document as a stream before anything is built from it, and throws at what we do not want to
/// build.
class Limits final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw YAML::Exception(mark, "aliases are not allowed");
  }
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    descend(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    descend(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void descend(const YAML::Mark& mark) {
    if (++depth_ > kMaxDepth) throw YAML::Exception(mark, "nested too deeply");
  }
  int depth_ = 0;
};

/// One map of the file. Mistakes go to one place; the first is reported.
class Fields {
 public:
  Fields(YAML::Node node, std::string where, const std::string& path, std::string& problem)
      : node_(std::move(node)), where_(std::move(where)), path_(path), problem_(problem) {
    if (present(node_) && !node_.IsMap()) complain("", "must be a map");
  }

  [[nodiscard]] bool has(const char* name) const { return present(member(name)); }

  [[nodiscard]] std::string text(const char* name) const {
    const YAML::Node value = member(name);
    if (!present(value)) return {};
    if (!value.IsScalar()) complain(name, "must be a text");
    return value.IsScalar() ? value.Scalar() : std::string();
  }

  [[nodiscard]] bool flag(const char* name) const {
    const std::string value = text(name);
    if (!value.empty() && value != "true" && value != "false") complain(name, "must be true or false");
    return value == "true";
  }

  /// A path as seen from here, not from the file.
  [[nodiscard]] std::string path(const char* name) const {
    const std::string value = text(name);
    if (value.empty()) return {};
    return (std::filesystem::absolute(path_).parent_path() / value).lexically_normal().string();
  }

  [[nodiscard]] std::string base64(const char* name) const {
    std::string encoded = text(name);
    auto bytes = base64_decode(encoded);
    if (!bytes) complain(name, "is not base64");
    wipe(encoded);
    return std::move(bytes).value_or("");
  }

  [[nodiscard]] Fields map(const char* name) const {
    return {member(name), where_.empty() ? name : where_ + "." + name, path_, problem_};
  }

  /// Calls `visit(name, fields)` for each element of a list of named things.
  template <typename Visit>
  void each(const char* name, Visit visit) const {
    const YAML::Node list = member(name);
    if (!present(list)) return;
    if (!list.IsSequence()) return complain(name, "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Fields entry(list[i], std::string(name) + "[" + std::to_string(i) + "]", path_, problem_);
      const std::string entry_name = entry.text("name");
      if (entry_name.empty()) entry.complain("name", "is required");
      if (!visit(entry_name, entry)) entry.complain("name", "is the name of an earlier entry");
    }
  }

  void complain(std::string_view name, std::string_view what) const {
    if (!problem_.empty()) return;
    problem_ = sentence(name, what);
  }
  [[nodiscard]] std::string sentence(std::string_view name, std::string_view what) const {
    std::string text = where();
    if (!name.empty()) text.append(where_.empty() ? "" : ".").append(name);
    return text.append(": ").append(what);
  }
  [[nodiscard]] std::string where() const { return path_ + ": " + where_; }

 private:
  static bool present(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }
  [[nodiscard]] YAML::Node member(const char* name) const {
    const YAML::Node& node = node_;  // the subscript of a constant node adds nothing
    return node.IsDefined() && node.IsMap() ? node[name] : YAML::Node(YAML::NodeType::Undefined);
  }

  YAML::Node node_;
  std::string where_;
  const std::string& path_;
  std::string& problem_;
};

struct Unsupported {
  const char* field;
  const char* why;
};
constexpr const char* kNoPassword =
    "basic authentication is not supported; use a token or client certificate";
constexpr const char* kNoImpersonation = "impersonation is not supported; use the credentials of that user";
constexpr std::array kUnsupportedOfUser{
    Unsupported{"exec", "exec plugins are not supported; use a token or client certificate"},
    Unsupported{"auth-provider",
                "auth-provider plugins are not supported; use a token or client certificate"},
    Unsupported{"username", kNoPassword},
    Unsupported{"password", kNoPassword},
    Unsupported{"as", kNoImpersonation},
    Unsupported{"as-uid", kNoImpersonation},
    Unsupported{"as-groups", kNoImpersonation},
    Unsupported{"as-user-extra", kNoImpersonation}};
constexpr std::array kUnsupportedOfCluster{
    Unsupported{"proxy-url", "proxies are not supported; use a server that can be reached directly"}};

std::optional<std::string> refusal_of(const Fields& fields, const auto& unsupported) {
  for (const auto& [field, why] : unsupported) {
    if (fields.has(field)) return fields.sentence(field, why);
  }
  return std::nullopt;
}

KubeconfigCluster read_cluster(const Fields& cluster) {
  return {.where = cluster.where(),
          .server = cluster.text("server"),
          .ca_file = cluster.path("certificate-authority"),
          .ca_pem = cluster.base64("certificate-authority-data"),
          .tls_server_name = cluster.text("tls-server-name"),
          .insecure_skip_verify = cluster.flag("insecure-skip-tls-verify"),
          .refusal = refusal_of(cluster, kUnsupportedOfCluster)};
}

Secret take_secret(std::string text) {
  Secret secret(text);
  wipe(text);
  return secret;
}

KubeconfigUser read_user(const Fields& user) {
  return {.where = user.where(),
          .token = take_secret(user.text("token")),
          .token_file = user.path("tokenFile"),
          .certificate_file = user.path("client-certificate"),
          .certificate_pem = user.base64("client-certificate-data"),
          .key_file = user.path("client-key"),
          .key_pem = take_secret(user.base64("client-key-data")),
          .refusal = refusal_of(user, kUnsupportedOfUser)};
}

KubeconfigContext read_context(const Fields& context) {
  return {.where = context.where(),
          .cluster = context.text("cluster"),
          .user = context.text("user"),
          .namespace_name = context.text("namespace")};
}

/// Throws what yaml-cpp throws.
Kubeconfig read_document(const std::string& text, const std::string& path, std::string& problem) {
  Limits limits;
  std::istringstream stream(text);
  YAML::Parser(stream).HandleNextDocument(limits);
  const Fields config(YAML::Load(text), "", path, problem);
  Kubeconfig result;
  result.current_context = config.text("current-context");
  config.each("clusters", [&result](const std::string& name, const Fields& entry) {
    return result.clusters.emplace(name, read_cluster(entry.map("cluster"))).second;
  });
  config.each("users", [&result](const std::string& name, const Fields& entry) {
    return result.users.emplace(name, read_user(entry.map("user"))).second;
  });
  config.each("contexts", [&result](const std::string& name, const Fields& entry) {
    return result.contexts.emplace(name, read_context(entry.map("context"))).second;
  });
  return result;
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& path) {
  if (text.size() > kMaxBytes) return fail(ErrorKind::invalid, path + ": longer than 1 MiB");
  std::string problem;
  try {
    Kubeconfig config = read_document(std::string(text), path, problem);
    if (!problem.empty()) return fail(ErrorKind::invalid, problem);
    return config;
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::invalid, path + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  } catch (const std::exception&) {
    return fail(ErrorKind::invalid, path + ": cannot be read as YAML");
  }
}

Kubeconfig merge_kubeconfigs(Kubeconfig first, Kubeconfig second) {
  if (first.current_context.empty()) first.current_context = std::move(second.current_context);
  first.clusters.merge(second.clusters);
  first.users.merge(second.users);
  first.contexts.merge(second.contexts);
  return first;
}

}  // namespace apiclient::kube

#include "controlplane/kube/cluster.h"

#include <fstream>

#include "base/random.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::test {

const kube::ResourceType kWidgets{
    .group = "test.apiclient.dev", .version = "v1", .resource = "widgets", .kind = "Widget"};
const kube::ResourceType kNotInstalled{
    .group = "test.apiclient.dev", .version = "v1", .resource = "nothings", .kind = "Nothing"};

namespace {

const kube::ResourceType kDefinitions{.group = "apiextensions.k8s.io",
                                      .version = "v1",
                                      .resource = "customresourcedefinitions",
                                      .kind = "CustomResourceDefinition",
                                      .namespaced = false};
const kube::ResourceType kServiceAccounts{
    .group = "", .version = "v1", .resource = "serviceaccounts", .kind = "ServiceAccount"};

class ThreadsEnvironment final : public testing::Environment {
 public:
  void SetUp() override { http::init_transport(2); }
};
// Before any transport exists; owned by GoogleTest.
[[maybe_unused]] const testing::Environment* const kThreads =
    testing::AddGlobalTestEnvironment(new ThreadsEnvironment);

Json widget_definition() {
  const Json schema = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", "widgets.test.apiclient.dev"}}},
          {"spec",
           {{"group", kWidgets.group},
            {"scope", "Namespaced"},
            {"names", {{"plural", "widgets"}, {"singular", "widget"}, {"kind", "Widget"}}},
            {"versions",
             {{{"name", "v1"},
               {"served", true},
               {"storage", true},
               {"schema", {{"openAPIV3Schema", schema}}},
               {"subresources", {{"status", Json::object()}}}}}}}}};
}

std::unique_ptr<http::Transport> make_transport(const kube::ClusterConfig& config) {
  auto transport = http::make_cpprest_transport({.base_uri = config.server, .tls = config.tls});
  if (!transport) {
    ADD_FAILURE() << transport.error().message;
    std::abort();  // nothing can be tested without one
  }
  return std::move(*transport);
}

void write(const std::filesystem::path& path, std::string_view text) { std::ofstream(path) << text; }

}  // namespace

Result<http::Response> NotingTransport::send(const http::Request& request, std::stop_token stop) {
  paths_.lock()->push_back(request.path);
  return inner_.send(request, std::move(stop));
}

Result<http::Response> NotingTransport::stream(const http::Request& request, const OnChunk& on_chunk,
                                               std::stop_token stop) {
  paths_.lock()->push_back(request.path);
  return inner_.stream(request, on_chunk, std::move(stop));
}

Identity::Identity(kube::ClusterConfig config)
    : config_(std::move(config)),
      transport_(make_transport(config_)),
      noting_(*transport_),
      client_({.unary = noting_,
               .watch = noting_,
               .token = *config_.token,
               .metrics = metrics_,
               .clock = clock_}) {}

kube::ClusterConfig admin_config() {
  static const SystemClock clock;
  auto config = kube::load_cluster_config({}, kube::ClusterEnvironment::of_process(), clock);
  if (!config) {
    ADD_FAILURE() << config.error().message;
    std::abort();  // nothing can be tested without a cluster
  }
  return std::move(*config);
}

std::string version_of(const Json& object) { return object["metadata"]["resourceVersion"]; }
std::string uid_of(const Json& object) { return object["metadata"]["uid"]; }

void ClusterTest::SetUp() {
  admin_ = std::make_unique<Identity>(admin_config());
  namespace_name_ = "kube-" + random_id().substr(0, 8);
  created(kube::kNamespaces, {{"metadata", {{"name", namespace_name_}}}});
}

void ClusterTest::TearDown() {
  EXPECT_THAT(client().remove(kube::kNamespaces, {"", namespace_name_}, {}, {}), is_ok());
}

Json ClusterTest::config_map(const std::string& name, const std::string& value) const {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"namespace", namespace_name_}, {"name", name}}},
          {"data", {{"value", value}}}};
}

Json ClusterTest::secret(const std::string& name) const {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"namespace", namespace_name_}, {"name", name}, {"labels", {{"ours", "yes"}}}}},
          {"data", {{"password", "aGlkZGVu"}}}};
}

Json ClusterTest::created(const kube::ResourceType& type, const Json& object) {
  auto result = client().create(type, object, kManager, {});
  EXPECT_THAT(result, is_ok());
  return result ? *result : object;
}

Json ClusterTest::found(const kube::ResourceType& type, const kube::ObjectKey& key) {
  auto result = client().find(type, key, {});
  EXPECT_THAT(result, is_ok());
  if (!result || !*result) {
    ADD_FAILURE() << type.resource << " " << key.text() << " is absent";
    return {};
  }
  return **result;
}

std::unique_ptr<Identity> ClusterTest::in_pod(const std::filesystem::path& directory) {
  created(kServiceAccounts, {{"metadata", {{"namespace", namespace_name_}, {"name", "pod"}}}});
  const kube::ClusterConfig config = admin_config();
  const auto reply = make_transport(config)->send(
      {.method = http::Method::post,
       .path = kube::object_path(kServiceAccounts, key("pod"), "token"),
       .headers = {{"Content-Type", "application/json"}},
       .body = R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})"},
      {});
  EXPECT_THAT(reply, is_ok());
  const auto token = Json::parse(reply ? reply->body : "{}");
  write(directory / "token", token["status"]["token"].get<std::string>() + "\n");
  write(directory / "ca.crt", config.tls.ca_pem);
  write(directory / "namespace", namespace_name_);
  const std::string authority = config.server.substr(std::string_view("https://").size());
  const std::size_t colon = authority.rfind(':');
  static const SystemClock clock;
  auto pod =
      kube::load_cluster_config({},
                                {.variables = {{"KUBERNETES_SERVICE_HOST", authority.substr(0, colon)},
                                               {"KUBERNETES_SERVICE_PORT", authority.substr(colon + 1)}},
                                 .service_account_dir = directory.string()},
                                clock);
  EXPECT_THAT(pod, is_ok());
  return pod ? std::make_unique<Identity>(std::move(*pod)) : nullptr;
}

void ClusterTest::install_widgets() {
  auto installed = client().create(kDefinitions, widget_definition(), kManager, {});
  EXPECT_TRUE(installed || installed.error().kind == ErrorKind::already_exists);
  // Until then its collection is not there either.
  EXPECT_TRUE(eventually([this] {
    const auto ignore = [](Json&&) -> Result<void> { return {}; };
    return client().list(kWidgets, {.namespace_name = namespace_name_}, ignore, {}).has_value();
  }));
}

}  // namespace apiclient::test

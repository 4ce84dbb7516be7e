#include "registry/registry_app.h"

#include "http/cpprest_transport.h"

#include <pthread.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/core_dump.h"
#include "registry/admin_request.h"
#include "registry/key_set_fetcher.h"
#include "registry/metadata_document.h"
#include "registry/problem.h"
#include "registry/request_meter.h"
#include "registry/route_table.h"

namespace apiclient::registry {
namespace {

// At most; a kept-alive connection holds one.
constexpr std::size_t kServingThreads = 32;
constexpr std::size_t kProbeThreads = 4;
constexpr std::size_t kMaxFormBytes = 64U << 10U;
// Above the limit of the admin API, so that a body a little too large is answered with a problem document.
constexpr std::size_t kMaxReadBytes = 2 * kMaxAdminBodyBytes;

http::Response json_document(const std::string& text) {
  return {.status_code = 200,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "public, max-age=300"}},
          .body = text};
}

http::Response plain(int status_code, std::string text) {
  return {.status_code = status_code, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(text)};
}

http::ServerOptions server_options(const std::string& address, const TlsFiles& tls, std::size_t threads,
                                   std::size_t max_body_bytes) {
  http::ServerOptions options;
  options.address = address;
  options.tls_cert_file = tls.cert_file;
  options.tls_key_file = tls.key_file;
  options.threads = threads;
  options.max_body_bytes = max_body_bytes;
  return options;
}

Result<void> make_folder(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool created = fs::create_directories(path, error);
  if (!error && created) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return fail(ErrorKind::invalid, "data folder " + path + ": " + error.message());
  return {};
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

Result<RegistryApp::Foundation> RegistryApp::lay_foundation(const Options& options, const Clock& clock) {
  const telemetry::Log log;
  RETURN_IF_ERROR(make_folder(options.data_dir));
  ASSIGN_OR_RETURN(Keys keys, load_keys(options.key_file, options.create_missing_keys));
  if (keys.created) log.info("created key file", {{"path", options.key_file}});
  if (keys.readable_by_others) log.warning("key file is open to other users", {{"path", options.key_file}});

  Foundation foundation;
  ASSIGN_OR_RETURN(foundation.admin_token,
                   AdminToken::load(options.admin_token_file, options.create_missing_keys, log));
  const std::string file = std::filesystem::path(options.data_dir) / "registry.db";
  ASSIGN_OR_RETURN(foundation.database, Database::open(file));
  ASSIGN_OR_RETURN(foundation.lifetimes, TokenLifetimes::load(*foundation.database));
  ASSIGN_OR_RETURN(foundation.signing_keys,
                   SigningKeys::load(options.key_file, keys.hash_key, *foundation.lifetimes, clock));
  foundation.hash_key = std::move(keys.hash_key);
  return foundation;
}

Result<std::unique_ptr<RegistryApp>> RegistryApp::make(const Options& options) {
  RETURN_IF_ERROR(forbid_core_dumps());
  auto clock = std::make_unique<SystemClock>();
  ASSIGN_OR_RETURN(Foundation foundation, lay_foundation(options, *clock));
  std::unique_ptr<RegistryApp> app(new RegistryApp(options, std::move(clock), std::move(foundation)));
  RETURN_IF_ERROR(app->bind(options));
  return app;
}

RegistryApp::RegistryApp(const Options& options, std::unique_ptr<SystemClock> clock, Foundation foundation)
    : clock_owner_(std::move(clock)),
      admin_token_(std::move(foundation.admin_token)),
      database_(std::move(foundation.database)),
      lifetimes_(std::move(foundation.lifetimes)),
      signing_keys_(std::move(foundation.signing_keys)),
      hasher_(std::move(foundation.hash_key)),
      store_(*database_, hasher_, clock_, {.max_secrets = options.max_secrets}),
      last_used_(store_, clock_),
      admin_api_(store_, *admin_token_),
      key_sets_(fetch_key_set, clock_),
      used_assertions_(*database_, hasher_, clock_),
      assertions_({key_sets_, used_assertions_, clock_}, {options.issuer, options.issuer + "/oauth2/token"}),
      authenticator_({store_, hasher_, last_used_, assertions_, metrics_, clock_}),
      token_endpoint_({authenticator_, *signing_keys_, *lifetimes_, metrics_, clock_}, options.issuer),
      revoked_tokens_(*database_, clock_),
      introspection_endpoint_({authenticator_, store_, revoked_tokens_, *signing_keys_, clock_},
                              options.issuer),
      revocation_endpoint_({authenticator_, revoked_tokens_, *signing_keys_, clock_}, options.issuer) {}

Result<void> RegistryApp::bind(const Options& options) {
  const auto probes =
      server_options(options.metrics_address, options.metrics_tls, kProbeThreads, kMaxFormBytes);
  ASSIGN_OR_RETURN(probe_server_, http::Server::bind(probes, probe_routes()));
  const auto admin = server_options(options.admin_address, options.admin_tls, kServingThreads, kMaxReadBytes);
  ASSIGN_OR_RETURN(admin_server_,
                   http::Server::bind(admin, meter_routes(admin_api_.routes(), "admin",
                                                          AdminApi::endpoint_names(), metrics_, clock_)));
  const auto clients =
      server_options(options.public_address, options.public_tls, kServingThreads, kMaxFormBytes);
  ASSIGN_OR_RETURN(public_server_, http::Server::bind(clients, public_routes(options.issuer)));
  return {};
}

std::vector<http::Route> RegistryApp::public_routes(const std::string& issuer) {
  using http::Method;
  const std::string path = escape_pattern(issuer_path(issuer));
  // A proxy in front may or may not cut the issuer's path off.
  const std::string prefix = path.empty() ? "" : "(?:" + path + ")?";
  const std::string token = prefix + "/oauth2/token";
  const std::string introspect = prefix + "/oauth2/introspect";
  const std::string revoke = prefix + "/oauth2/revoke";
  const std::string metadata = prefix + R"(/\.well-known/oauth-authorization-server)" + prefix;
  const std::string key_set = prefix + R"(/\.well-known/jwks\.json)";
  const auto at = [](const auto& endpoint) {
    return [&endpoint](const http::ServerRequest& request) { return endpoint.handle(request); };
  };
  auto routes = complete_routes({{Method::post, token, at(token_endpoint_)},
                                 {Method::post, introspect, at(introspection_endpoint_)},
                                 {Method::post, revoke, at(revocation_endpoint_)},
                                 {Method::get, metadata,
                                  [text = authorization_server_metadata(issuer)](const http::ServerRequest&) {
                                    return json_document(text);
                                  }},
                                 {Method::get, key_set, [this](const http::ServerRequest&) {
                                    return json_document(signing_keys_->key_set());
                                  }}});
  return meter_routes(std::move(routes), "public",
                      {{token, "token"},
                       {introspect, "introspect"},
                       {revoke, "revoke"},
                       {metadata, "metadata"},
                       {key_set, "jwks"}},
                      metrics_, clock_);
}

std::vector<http::Route> RegistryApp::probe_routes() {
  using http::Method;
  auto routes = complete_routes(
      {{Method::get, "/healthz", [](const http::ServerRequest&) { return plain(200, "ok\n"); }},
       {Method::get, "/readyz", [this](const http::ServerRequest&) { return readiness(); }},
       {Method::get, "/metrics", [this](const http::ServerRequest&) {
          if (const auto count = store_.count())
            metrics_.stored({count->clients, count->disabled_clients, count->secrets});
          return plain(200, metrics_.text());
        }}});
  return meter_routes(std::move(routes), "metrics",
                      {{"/healthz", "healthz"}, {"/readyz", "readyz"}, {"/metrics", "metrics"}}, metrics_,
                      clock_);
}

http::Response RegistryApp::readiness() {
  if (!ready_) return plain(503, "not serving\n");
  if (!store_.count()) return plain(503, "the database does not answer\n");
  return plain(200, "ok\n");
}

void RegistryApp::start() {
  probe_server_->start();
  admin_server_->start();
  public_server_->start();
  ready_ = true;
  log_.info("serving", {{"version", APICLIENT_VERSION},
                        {"public_port", public_server_->port()},
                        {"admin_port", admin_server_->port()},
                        {"metrics_port", probe_server_->port()},
                        {"key_id", signing_keys_->key_id()}});
}

void RegistryApp::stop() {
  ready_ = false;
  for (const auto* server : {&public_server_, &admin_server_})
    if (*server) (*server)->stop();
  last_used_.stop();
  if (probe_server_) probe_server_->stop();
}

int run_registry(const Options& options) {
  // Before any thread starts, so that none of them takes the signal.
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::umask(S_IRWXG | S_IRWXO);  // the database is nobody else's business
  telemetry::init_logging(options.log);
  http::init_transport(2);
  const telemetry::Log log;
  const auto app = RegistryApp::make(options);
  if (!app) {
    log.error("cannot start", {{"error", app.error().message}});
    return 1;
  }
  (*app)->start();
  int signal = 0;
  sigwait(&signals, &signal);
  log.info("stopping", {{"signal", signal}});
  (*app)->stop();
  log.info("stopped");
  return 0;
}

}  // namespace apiclient::registry

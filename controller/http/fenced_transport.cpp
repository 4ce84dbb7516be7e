#include "http/fenced_transport.h"

#include <utility>

namespace apiclient::http {
namespace {

Failure not_allowed() {
  return fail(ErrorKind::cancelled, "this replica may not write: it does not hold the lease");
}

}  // namespace

FencedTransport::FencedTransport(Transport& inner, std::function<bool()> may_write)
    : inner_(inner), may_write_(std::move(may_write)) {}

Result<Response> FencedTransport::send(const Request& request, std::stop_token stop) {
  if (request.method != Method::get && !may_write_()) return not_allowed();
  return inner_.send(request, std::move(stop));
}

Result<Response> FencedTransport::stream(const Request& request, const OnChunk& on_chunk,
                                         std::stop_token stop) {
  if (request.method != Method::get && !may_write_()) return not_allowed();
  return inner_.stream(request, on_chunk, std::move(stop));
}

}  // namespace apiclient::http

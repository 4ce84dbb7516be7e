#include "http/authorization.h"

#include "http/message.h"

namespace apiclient::http {
namespace {

constexpr std::string_view kSpace = " \t";

}  // namespace

std::string_view credentials_of(std::string_view authorization, std::string_view scheme) {
  const std::string_view begin = authorization.substr(0, authorization.find(' '));
  const HeaderNameLess less;
  if (less(begin, scheme) || less(scheme, begin)) return {};
  const std::string_view rest = authorization.substr(begin.size());
  const auto first = rest.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return rest.substr(first, rest.find_last_not_of(kSpace) - first + 1);
}

}  // namespace apiclient::http

#pragma once
// Namespace and name: how an object is found. Plain value.

#include <compare>
#include <functional>
#include <string>

namespace apiclient::kube {

struct ObjectKey {
  std::string namespace_name = {};  ///< empty for cluster-scoped objects
  std::string name = {};

  auto operator<=>(const ObjectKey&) const = default;
  /// "namespace/name", or the name alone.
  [[nodiscard]] std::string text() const {
    return namespace_name.empty() ? name : namespace_name + "/" + name;
  }
};

}  // namespace apiclient::kube

template <>
struct std::hash<apiclient::kube::ObjectKey> {
  std::size_t operator()(const apiclient::kube::ObjectKey& key) const noexcept {
    return std::hash<std::string>()(key.namespace_name) * 31 + std::hash<std::string>()(key.name);
  }
};

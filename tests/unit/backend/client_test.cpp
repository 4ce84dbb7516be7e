#include "backend/client.h"

#include <gtest/gtest.h>

#include "unit/backend/sample_clients.h"

namespace apiclient::backend {
namespace {

TEST(ClientSettings, NormalisedListsAreSortedSets) {
  ClientSettings settings;
  settings.scopes = {"b", "a", "b"};
  settings.redirect_uris = {"https://z.example", "https://a.example"};
  const ClientSettings wish = normalised(settings);
  EXPECT_EQ(wish.scopes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(wish.redirect_uris, (std::vector<std::string>{"https://a.example", "https://z.example"}));
}

TEST(ClientSettings, KeySetsThatDifferInSpacingAndOrderCompareEqual) {
  ClientSettings one;
  ClientSettings other;
  one.jwks = R"({ "keys": [ {"kty":"EC", "kid":"1"} ] })";
  other.jwks = R"({"keys":[{"kid":"1","kty":"EC"}]})";
  EXPECT_EQ(normalised(one), normalised(other));
}

TEST(ClientSettings, KeySetThatIsNotJsonStays) {
  ClientSettings settings;
  settings.jwks = "{not json";
  EXPECT_EQ(normalised(settings).jwks, "{not json");
}

TEST(ClientSettings, DifferencesAreNamedAsThePersonKnowsThem) {
  const ClientSettings one = normalised(test::a_full_client());
  EXPECT_TRUE(differing_fields(one, one).empty());
  ClientSettings other = one;
  other.client_name += "!";
  other.parameters["color"] = "blue";
  EXPECT_EQ(differing_fields(one, other),
            (std::vector<std::string>{"spec.displayName", "spec.registryParameters"}));
}

TEST(ClientSettings, NormalisingTwiceChangesNothing) {
  const ClientSettings once = normalised(test::a_full_client());
  EXPECT_EQ(normalised(once), once);
}

}  // namespace
}  // namespace apiclient::backend

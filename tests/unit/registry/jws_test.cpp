#include "registry/jws.h"

#include <gtest/gtest.h>

#include <functional>

#include "unit/registry/client_key.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

std::string encoded(const std::string& header, const std::string& payload = "{}") {
  return base64url_encode(header) + "." + base64url_encode(payload) + ".c2ln";
}

struct ParseRow {
  std::string name;
  std::string compact;
  bool readable;
  friend void PrintTo(const ParseRow& row, std::ostream* stream) { *stream << row.name; }
};

class ParseJws : public ::testing::TestWithParam<ParseRow> {};

TEST_P(ParseJws, TakesOnlyWhatIsOne) {
  EXPECT_EQ(parse_jws(GetParam().compact).has_value(), GetParam().readable);
}

const std::string kDeep = R"({"a":)" + std::string(50, '[') + std::string(50, ']') + "}";

INSTANTIATE_TEST_SUITE_P(
    Rows, ParseJws,
    ::testing::Values(ParseRow{"Smallest", encoded("{}"), true}, ParseRow{"Empty", "", false},
                      ParseRow{"OnePart", "e30", false}, ParseRow{"TwoParts", "e30.e30", false},
                      ParseRow{"FourParts", "e30.e30.e30.e30", false},
                      ParseRow{"HeaderNotBase64", "!.e30.c2ln", false},
                      ParseRow{"HeaderNotJson", encoded("x"), false},
                      ParseRow{"HeaderIsAList", encoded("[]"), false},
                      ParseRow{"PayloadIsAText", encoded("{}", "\"a\""), false},
                      ParseRow{"Critical", encoded(R"({"crit":["exp"],"exp":1})"), false},
                      ParseRow{"Deep", encoded("{}", kDeep), false},
                      ParseRow{"Long", encoded("{}", R"({"a":")" + std::string(20'000, 'a') + "\"}"), false}),
    test::RowName());

TEST(ParseJws, ShowsHeaderAndPayload) {
  const auto jws = parse_jws(encoded(R"({"alg":"ES256","kid":"k","typ":"JWT","n":1})", R"({"sub":"a"})"));
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->header.alg, "ES256");
  EXPECT_EQ(jws->header.kid, "k");
  EXPECT_EQ(jws->header.typ, "JWT");
  EXPECT_EQ(jws->payload, R"({"sub":"a"})");
}

/// Whether the text is accepted with the keys of `set`.
bool accepted(const std::string& compact, const std::string& set) {
  const auto jws = parse_jws(compact);
  if (!jws) return false;
  for (const auto& key : keys_for(jws->header, set))
    if (is_signed_by(compact, key)) return true;
  return false;
}

const ClientKey& elliptic() {
  static const ClientKey key = ClientKey::p256();
  return key;
}
const ClientKey& rsa() {
  static const ClientKey key = ClientKey::rsa();
  return key;
}

Json with(Json jwk, const std::string& member, const Json& value) {
  jwk[member] = value;
  return jwk;
}

struct KeyRow {
  std::string name;
  const ClientKey& (*signer)();
  Json header;
  std::string (*set)();
  bool accepted;
  friend void PrintTo(const KeyRow& row, std::ostream* stream) { *stream << row.name; }
};

class SignedText : public ::testing::TestWithParam<KeyRow> {};

TEST_P(SignedText, IsAcceptedWithItsKeyOnly) {
  const auto& row = GetParam();
  EXPECT_EQ(accepted(row.signer().sign(row.header, {{"sub", "a"}}), row.set()), row.accepted);
}

const Json kEs256{{"alg", "ES256"}};

INSTANTIATE_TEST_SUITE_P(
    Rows, SignedText,
    ::testing::Values(
        KeyRow{"Es256", elliptic, kEs256, [] { return key_set_of({elliptic().jwk()}); }, true},
        KeyRow{"Rs256", rsa, {{"alg", "RS256"}}, [] { return key_set_of({rsa().jwk()}); }, true},
        KeyRow{"Ps256", rsa, {{"alg", "PS256"}}, [] { return key_set_of({rsa().jwk()}); }, true},
        KeyRow{"AmongOthers", elliptic, kEs256,
               [] {
                 return key_set_of({rsa().jwk(), ClientKey::p256().jwk(), elliptic().jwk()});
               },
               true},
        KeyRow{"ByItsId",
               elliptic,
               {{"alg", "ES256"}, {"kid", "k"}},
               [] {
                 return key_set_of({ClientKey::p256().jwk("j"), elliptic().jwk("k")});
               },
               true},
        KeyRow{"OtherId",
               elliptic,
               {{"alg", "ES256"}, {"kid", "k"}},
               [] { return key_set_of({elliptic().jwk("j")}); },
               false},
        KeyRow{"OtherKey", elliptic, kEs256, [] { return key_set_of({ClientKey::p256().jwk()}); }, false},
        KeyRow{"NoKeys", elliptic, kEs256, [] { return key_set_of({}); }, false},
        KeyRow{"SetIsJunk", elliptic, kEs256, [] { return std::string("junk"); }, false},
        KeyRow{"KeyIsAText", elliptic, kEs256, [] { return std::string(R"({"keys":["k"]})"); }, false},
        KeyRow{"ForEncryption", elliptic, kEs256,
               [] { return key_set_of({with(elliptic().jwk(), "use", "enc")}); }, false},
        KeyRow{"ForSignatures", elliptic, kEs256,
               [] { return key_set_of({with(elliptic().jwk(), "use", "sig")}); }, true},
        KeyRow{"ForSigningOnly", elliptic, kEs256,
               [] { return key_set_of({with(elliptic().jwk(), "key_ops", Json::array({"sign"}))}); }, false},
        KeyRow{"ForVerifying", elliptic, kEs256,
               [] { return key_set_of({with(elliptic().jwk(), "key_ops", Json::array({"verify"}))}); }, true},
        KeyRow{"KeyOfAnotherAlgorithm",
               rsa,
               {{"alg", "RS256"}},
               [] { return key_set_of({with(rsa().jwk(), "alg", "PS256")}); },
               false},
        KeyRow{"OneKindPassedOffAsAnother",
               rsa,
               {{"alg", "RS256"}},
               [] { return key_set_of({with(elliptic().jwk(), "alg", "RS256")}); },
               false}),
    test::RowName());

TEST(SignedText, WeakRsaKeyIsRefusedThoughItsSignatureIsRight) {
  const auto weak = ClientKey::rsa(1024);
  EXPECT_FALSE(accepted(weak.sign({{"alg", "RS256"}}, Json::object()), key_set_of({weak.jwk()})));
}

TEST(SignedText, UnknownAlgorithmsAreRefused) {
  const std::string set = key_set_of({elliptic().jwk(), rsa().jwk(), {{"kty", "oct"}, {"k", "c2VjcmV0"}}});
  for (const auto* alg : {"none", "None", "HS256", "ES384", "RS512", ""})
    EXPECT_TRUE(keys_for({.alg = alg, .kid = "", .typ = ""}, set).empty()) << alg;
}

TEST(SignedText, EveryPartIsCovered) {
  const auto text = elliptic().sign(kEs256, {{"sub", "a"}});
  const auto set = key_set_of({elliptic().jwk()});
  ASSERT_TRUE(accepted(text, set));
  const auto first = text.find('.');
  const auto second = text.rfind('.');
  const auto other_claims = base64url_encode(R"({"sub":"b"})");
  EXPECT_FALSE(accepted(text.substr(0, first + 1) + other_claims + text.substr(second), set));
  const auto other_header = base64url_encode(R"({"alg":"ES256","typ":"x"})");
  EXPECT_FALSE(accepted(other_header + text.substr(first), set));
  EXPECT_FALSE(accepted(text.substr(0, second + 1), set));
  EXPECT_FALSE(accepted(text.substr(0, second + 10), set));
}

}  // namespace
}  // namespace apiclient::registry::test

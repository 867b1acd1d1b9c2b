// OpenSSL 3, as Debian's libssl-dev installs it.
#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

// An OSSL_PARAM keeps the pointer to its name, which Swift lends for the length of one call only.
static inline int postern_hmac_init(EVP_MAC_CTX *context, const char *digest, const unsigned char *key,
                                    size_t count) {
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_init(context, key, count, parameters) == 1;
}

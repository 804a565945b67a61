/* OpenSSL (1.1.1 and later) as a Swift module.
 *
 * Swift imports neither macros with arguments nor casts: each `static inline` below stands for some of these. */
#ifndef FTPLIB_OPENSSL_SHIM_H
#define FTPLIB_OPENSSL_SHIM_H

#if defined(__has_include) && !__has_include(<openssl/ssl.h>)
#error "FTPTLS needs OpenSSL's headers: on Debian and Ubuntu, apt install libssl-dev. What needs no TLS of its own builds without them: swift build --product ftpy, --product ftplib"
#endif

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* The name in the handshake (RFC 6066 section 3): a macro. */
static inline int openssl_set_server_name(SSL *_Nonnull ssl, const char *_Nonnull name) {
  return (int)SSL_set_tlsext_host_name(ssl, (void *)name);
}

/* The protocol versions of a context: macros. */
static inline int openssl_set_versions(SSL_CTX *_Nonnull context, int lowest, int highest) {
  return SSL_CTX_set_min_proto_version(context, lowest) == 1 && SSL_CTX_set_max_proto_version(context, highest) == 1;
}

/* Sessions are kept by the caller of SSL_CTX_sess_set_new_cb, and in no cache: a macro. */
static inline void openssl_keep_no_sessions(SSL_CTX *_Nonnull context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}

/* A write that has to be repeated may come from another buffer: a macro. */
static inline void openssl_let_buffers_move(SSL_CTX *_Nonnull context) {
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/* Options whose types and names differ between versions. */
static inline void openssl_set_options(SSL_CTX *_Nonnull context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}

/* The peer's own certificate, to be freed; a macro that has changed its name. */
static inline X509 *_Nullable openssl_peer_certificate(const SSL *_Nonnull ssl) {
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
  return SSL_get1_peer_certificate(ssl);
#else
  return SSL_get_peer_certificate(ssl);
#endif
}

/* "Try again" from a BIO's read or write: macros. */
static inline void openssl_retry_read(BIO *_Nonnull bio) { BIO_set_retry_read(bio); }
static inline void openssl_retry_write(BIO *_Nonnull bio) { BIO_set_retry_write(bio); }
static inline void openssl_no_retry(BIO *_Nonnull bio) { BIO_clear_retry_flags(bio); }

/* The parts of an error: macros up to 1.1.1. */
static inline int openssl_reason(unsigned long error) { return ERR_GET_REASON(error); }
static inline int openssl_is_from_tls(unsigned long error) { return ERR_GET_LIB(error) == ERR_LIB_SSL; }
static inline int openssl_is_from_system(unsigned long error) { return ERR_GET_LIB(error) == ERR_LIB_SYS; }

/* The names in a certificate: a STACK_OF type, whose functions are macros. The i-th one's text when it is a DNS name. */
static inline int openssl_count(GENERAL_NAMES *_Nonnull names) { return sk_GENERAL_NAME_num(names); }
static inline void openssl_free_names(GENERAL_NAMES *_Nonnull names) { GENERAL_NAMES_free(names); }
static inline const unsigned char *_Nullable openssl_dns_name(
    GENERAL_NAMES *_Nonnull names, int index, int *_Nonnull length) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
  if (name == NULL || name->type != GEN_DNS) return NULL;
  *length = ASN1_STRING_length(name->d.dNSName);
  return ASN1_STRING_get0_data(name->d.dNSName);
}

/* Flags with casts in them. */
static const unsigned int openssl_host_flags =
    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
static const unsigned long openssl_partial_chain = X509_V_FLAG_PARTIAL_CHAIN;

#endif

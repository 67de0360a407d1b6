// libcurl, and what Swift cannot call of it: its functions with variable arguments, one for each type of argument, and what
// lies in a union.
#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>

static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_writer(CURL *handle, CURLoption option, curl_write_callback value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

static inline long ccurl_number(CURL *handle, CURLINFO name) {
  long value = 0;
  return curl_easy_getinfo(handle, name, &value) == CURLE_OK ? value : 0;
}

// What a proxy has answered to CONNECT; 0: there was none, or no answer.
static inline long ccurl_proxy_status(CURL *handle) { return ccurl_number(handle, CURLINFO_HTTP_CONNECTCODE); }

// Microseconds until TLS was agreed on; 0: it never was.
static inline curl_off_t ccurl_tls_time(CURL *handle) {
  curl_off_t value = 0;
  return curl_easy_getinfo(handle, CURLINFO_APPCONNECT_TIME_T, &value) == CURLE_OK ? value : 0;
}

// Seconds, whether Retry-After gives them or a date; 0: neither.
static inline long ccurl_retry_after(CURL *handle) {
  curl_off_t value = 0;
  return curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &value) == CURLE_OK ? (long)value : 0;
}

// The next exchange of many that has ended, and how; NULL: none has.
static inline CURL *ccurl_next_ended(CURLM *multi, CURLcode *code) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    *code = message->data.result;
    return message->easy_handle;
  }
  return NULL;
}

#endif

// libcurl for Swift. Nothing but what the importer can't read: macros and variadic functions.
#ifndef TWILIOFS_CCURL_SHIM_H
#define TWILIOFS_CCURL_SHIM_H

#include <curl/curl.h>

typedef size_t (*twiliofs_curl_data_function)(char *bytes, size_t size, size_t count, void *context);
typedef int (*twiliofs_curl_prerequest_function)(
    void *context, char *primary_ip, char *local_ip, int primary_port, int local_port);
typedef curl_socket_t (*twiliofs_curl_socket_function)(
    void *context, curlsocktype purpose, struct curl_sockaddr *address);

static inline CURLcode twiliofs_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// curl_easy_setopt, once for each type of argument.

static inline CURLcode twiliofs_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode twiliofs_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode twiliofs_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode twiliofs_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode twiliofs_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode twiliofs_curl_set_data_function(
    CURL *handle, CURLoption option, twiliofs_curl_data_function value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode twiliofs_curl_set_prerequest_function(CURL *handle, twiliofs_curl_prerequest_function value) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, value);
}

static inline CURLcode twiliofs_curl_set_socket_function(CURL *handle, twiliofs_curl_socket_function value) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}

// curl_easy_getinfo, once for each type of result, and curl_multi_setopt for numbers.

static inline CURLcode twiliofs_curl_get_long(CURL *handle, CURLINFO information, long *value) {
    return curl_easy_getinfo(handle, information, value);
}

static inline CURLcode twiliofs_curl_get_string(CURL *handle, CURLINFO information, char **value) {
    return curl_easy_getinfo(handle, information, value);
}

static inline CURLMcode twiliofs_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

// curl_share_setopt.

static inline CURLSHcode twiliofs_curl_share_data(CURLSH *handle, curl_lock_data data) {
    return curl_share_setopt(handle, CURLSHOPT_SHARE, data);
}

#endif

#include "postern_curl.h"
#include <curl/curl.h>
#include <dlfcn.h>
#include <string.h>

// The functions of libcurl that are used, found by name at run time.
static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_easy_init) easy_init;
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    __typeof__(&curl_easy_perform) easy_perform;
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
} library;

static void copy(char *target, size_t size, const char *text) {
    if (size == 0) return;
    size_t length = text ? strlen(text) : 0;
    if (length >= size) length = size - 1;
    if (length) memcpy(target, text, length);
    target[length] = 0;
}

int postern_curl_open(char *message, size_t message_size) {
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        copy(message, message_size, dlerror());
        return 1;
    }
    // POSIX lets a data pointer be stored as a function pointer in just this way.
    *(void **)&library.global_init = dlsym(handle, "curl_global_init");
    *(void **)&library.easy_init = dlsym(handle, "curl_easy_init");
    *(void **)&library.easy_setopt = dlsym(handle, "curl_easy_setopt");
    *(void **)&library.easy_perform = dlsym(handle, "curl_easy_perform");
    *(void **)&library.easy_getinfo = dlsym(handle, "curl_easy_getinfo");
    *(void **)&library.easy_cleanup = dlsym(handle, "curl_easy_cleanup");
    *(void **)&library.easy_strerror = dlsym(handle, "curl_easy_strerror");
    *(void **)&library.slist_append = dlsym(handle, "curl_slist_append");
    *(void **)&library.slist_free_all = dlsym(handle, "curl_slist_free_all");
    if (!library.global_init || !library.easy_init || !library.easy_setopt ||
        !library.easy_perform || !library.easy_getinfo || !library.easy_cleanup ||
        !library.easy_strerror || !library.slist_append || !library.slist_free_all) {
        copy(message, message_size, "libcurl.so.4 lacks a function that is needed");
        return 1;
    }
    CURLcode code = library.global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) copy(message, message_size, library.easy_strerror(code));
    return code != CURLE_OK;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user) {
    const struct postern_curl_request *request = user;
    return request->header(bytes, size * count, request->context);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user) {
    const struct postern_curl_request *request = user;
    return request->body(bytes, size * count, request->context);
}

int postern_curl_perform(
    const struct postern_curl_request *request, long *status, char *location, size_t location_size,
    char *message, size_t message_size) {
    CURL *handle = library.easy_init ? library.easy_init() : NULL;
    if (!handle) {
        copy(message, message_size, "libcurl gives no handle");
        return 1;
    }
    char detail[CURL_ERROR_SIZE] = "";
    const char *found = NULL;
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < request->header_count && code == CURLE_OK; i++) {
        struct curl_slist *longer = library.slist_append(headers, request->headers[i]);
        if (longer) headers = longer;
        else code = CURLE_OUT_OF_MEMORY;
    }
// Every option matters (protocols, limits): one that is not taken ends the request.
#define SET(option, value)                                                                         \
    if (code == CURLE_OK) code = library.easy_setopt(handle, option, value)
    SET(CURLOPT_ERRORBUFFER, detail);
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, request->protocols);
    // Timeouts without SIGALRM, which would hit any thread.
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_TIMEOUT_MS, request->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, request->timeout_ms);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->ca_file) SET(CURLOPT_CAINFO, request->ca_file);
    if (!request->may_use_proxy) SET(CURLOPT_PROXY, "");
    SET(CURLOPT_USERAGENT, "postern");
    if (request->method) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->content_length);
        SET(CURLOPT_POSTFIELDS, request->content ? request->content : "");
        SET(CURLOPT_CUSTOMREQUEST, request->method);
        SET(CURLOPT_HTTPHEADER, headers);
    }
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, (void *)request);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)request);
#undef SET
    if (code == CURLE_OK) code = library.easy_perform(handle);
    if (code == CURLE_OK) code = library.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
    if (code == CURLE_OK) code = library.easy_getinfo(handle, CURLINFO_REDIRECT_URL, &found);
    copy(location, location_size, found);
    if (code != CURLE_OK) {
        copy(message, message_size, detail[0] ? detail : library.easy_strerror(code));
    }
    library.easy_cleanup(handle);
    library.slist_free_all(headers);
    return code != CURLE_OK;
}

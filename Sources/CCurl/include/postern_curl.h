// One request with libcurl. The library is opened when it is first needed: a receiver whose integrations
// name no https key set neither links it nor pays for the thirty libraries that come with it.
#pragma once
#include <stddef.h>

// Takes a part of the answer; gives back `length`, or anything else to give the transfer up.
typedef size_t (*postern_curl_sink)(const char *bytes, size_t length, void *context);

struct postern_curl_request {
    const char *url;
    // Such as "https": others are refused, also if a redirect names them.
    const char *protocols;
    // A file of certificates to trust instead of the system's; NULL for the system's.
    const char *ca_file;
    // The whole transfer, names looked up included.
    long timeout_ms;
    // 0: no proxy, whatever the environment says.
    int may_use_proxy;
    // NULL: GET without a body.
    const char *method;
    // Lines such as "Name: value"; "Name;" sends an empty one, "Name:" none.
    const char *const *headers;
    size_t header_count;
    const char *content;
    size_t content_length;
    postern_curl_sink header;
    postern_curl_sink body;
    void *context;
};

// Opens the library. Not thread-safe: call it once. 0 = done; otherwise `message` says why not.
int postern_curl_open(char *message, size_t message_size);

// Performs a request; redirects are not followed. 0 = there was an answer, whose status is written to
// `status` and, of a redirect, the address to `location` ("" without one).
int postern_curl_perform(
    const struct postern_curl_request *request, long *status, char *location, size_t location_size,
    char *message, size_t message_size);

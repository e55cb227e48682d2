/* The HTTP side of a coordinator, through real sockets, with a real store, spool and board. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/encode.h"
#include "coordinator/http.h"
#include "coordinator/http_state.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "evidence/bundle_header.h"
#include "proto/codec.h"
#include "proto/http_signature.h"
#include "report/proof.h"
#include "tests/report/fixture.h"

#define HOST               "council.example"
#define BUNDLE_LIMIT       (1024 * 1024)
#define PATIENCE_S         20 /* Until a test gives up on an reply. */
#define BUNDLE_TYPE_HEADER "Content-Type: application/vnd.aims-council.bundle\r\n"

struct desk {
    char path[64];
    char store_path[96];
    char spool_path[96];
    char roster_path[96];
    struct fixture *fixture;
    struct keys *stranger;
    struct coordinator_store *council_store; /* As the council's thread has one. */
    struct coordinator_store *http_store;
    struct spool *spool;
    struct board *board;
    struct http_options options;
    struct http *http;
    pthread_mutex_t mutex;
    unsigned accepted_count;
};

/* ---- the desk ---- */

static void accepted(void *context)
{
    struct desk *desk = context;

    pthread_mutex_lock(&desk->mutex);
    desk->accepted_count++;
    pthread_mutex_unlock(&desk->mutex);
}

static unsigned accepted_count(struct desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    unsigned count = desk->accepted_count;

    pthread_mutex_unlock(&desk->mutex);
    return count;
}

static void changed(void *context)
{
    http_notify(((struct desk *)context)->http);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void require(bool is_done, const struct error *error)
{
    if (!is_done) {
        fail_msg("%s", error->message);
    }
}

/* Gives the fixture's council a second coordinator, and writes its roster. */
static void write_roster(struct desk *desk)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {9, 9};
    struct keys *second = keys_from_seed(seed);
    struct fixture *fixture = desk->fixture;
    struct roster_coordinator coordinators[2] = {
        fixture->roster.coordinators[0], {.name = "other desk", .operator_name = "Birch Bureau"}};
    struct roster roster = fixture->roster;
    struct buffer text = {0};
    struct error error;

    memcpy(coordinators[1].signing, keys_public(second)->signing, MESSAGE_KEY_SIZE);
    memcpy(coordinators[1].transport, keys_public(second)->transport, MESSAGE_KEY_SIZE);
    keys_destroy(second);
    roster.coordinator_count = 2;
    roster.coordinators = coordinators;
    roster_write(&roster, &text);
    require(
        roster_parse(buffer_bytes(&text), "roster.json", fixture->arena, &fixture->roster, &error),
        &error);
    FILE *file = fopen(desk->roster_path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    buffer_finish(&text);
}

static int set_up(void **state)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {8, 8};
    struct desk *desk = calloc(1, sizeof(*desk));
    const char *root = getenv("TMPDIR");
    struct error error;

    assert_non_null(desk);
    (void)snprintf(desk->path, sizeof(desk->path), "%s/http-test-XXXXXX",
                   root == NULL ? "/tmp" : root);
    assert_non_null(mkdtemp(desk->path));
    (void)snprintf(desk->store_path, sizeof(desk->store_path), "%s/store", desk->path);
    (void)snprintf(desk->spool_path, sizeof(desk->spool_path), "%s/spool", desk->path);
    (void)snprintf(desk->roster_path, sizeof(desk->roster_path), "%s/roster.json", desk->path);
    assert_int_equal(pthread_mutex_init(&desk->mutex, NULL), 0);
    desk->fixture = fixture_create(5, 1, 1, fixture_catalog());
    desk->stranger = keys_from_seed(seed);
    write_roster(desk);

    const struct digest *digest = &desk->fixture->roster.digest;

    require(coordinator_store_create(desk->store_path, digest, 0, &error), &error);
    require(coordinator_store_open(desk->store_path, digest, 0, &desk->council_store, &error),
            &error);
    require(coordinator_store_open(desk->store_path, digest, 0, &desk->http_store, &error), &error);
    require(spool_open(desk->spool_path, BUNDLE_LIMIT, &desk->spool, &error), &error);
    desk->board = board_create();
    desk->options = (struct http_options){.address = "127.0.0.1:0",
                                          .roster_path = desk->roster_path,
                                          .roster = &desk->fixture->roster,
                                          .catalog = fixture_catalog(),
                                          .store = desk->http_store,
                                          .spool = desk->spool,
                                          .board = desk->board,
                                          .bundle_size_max = BUNDLE_LIMIT,
                                          .accepted = accepted,
                                          .context = desk,
                                          .beat_ms = 3600 * 1000};
    require(http_open(&desk->options, &desk->http, &error), &error);
    board_on_change(desk->board, changed, desk);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    board_on_change(desk->board, NULL, NULL);
    http_close(desk->http);
    board_destroy(desk->board);
    spool_close(desk->spool);
    coordinator_store_close(desk->http_store);
    coordinator_store_close(desk->council_store);
    keys_destroy(desk->stranger);
    fixture_destroy(desk->fixture);
    (void)pthread_mutex_destroy(&desk->mutex);
    assert_int_equal(nftw(desk->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(desk);
    return 0;
}

/* Opens the server again with the options as they now are. */
static void reopen(struct desk *desk)
{
    struct error error;

    board_on_change(desk->board, NULL, NULL);
    http_close(desk->http);
    desk->http = NULL;
    require(http_open(&desk->options, &desk->http, &error), &error);
    board_on_change(desk->board, changed, desk);
}

/* ---- a small client ---- */

struct call {
    const char *method;
    const char *target;      /* Path and query. */
    const char *headers;     /* More lines, each with its CR LF; NULL: none. */
    const struct keys *keys; /* NULL: not signed. */
    struct bytes body;
    bool has_digest;     /* Content-Digest of the body, signed. */
    bool expects;        /* Sends no body, but waits for leave. */
    uint64_t size;       /* Content-Length when it is not that of the body. */
    int64_t late_s;      /* How long ago it was signed. */
    const char *altered; /* Target that is sent instead of the one that was signed. */
};

struct reply {
    unsigned status;
    struct buffer text; /* Head and body. */
    const char *body;   /* In text. */
    size_t body_size;
};

static void reply_finish(struct reply *reply)
{
    buffer_finish(&reply->text);
}

static int dial(const struct desk *desk)
{
    const char *port = strrchr(http_url(desk->http), ':') + 1;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in address = {.sin_family = AF_INET};
    uint64_t number = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_true(encode_to_u64(port, UINT16_MAX, &number));
    address.sin_port = htons((uint16_t)number);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* False when the other side has gone. */
static bool transmit(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        bytes = bytes_of(bytes.data + sent, bytes.size - (size_t)sent);
    }
    return true;
}

static void add_signature(const struct call *call, const char *digest, struct buffer *out)
{
    size_t path_size = strcspn(call->target, "?");
    char *path = strndup(call->target, path_size);
    const char *query = call->target[path_size] == '\0' ? NULL : call->target + path_size;
    struct http_signature_field field = {"content-digest", digest};
    struct http_signature_request request = {.method = call->method,
                                             .authority = HOST,
                                             .path = path,
                                             .query = query,
                                             .field_count = digest != NULL ? 1 : 0,
                                             .fields = &field};
    struct http_signature signature;
    struct timespec now;
    struct error error;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    require(http_signature_sign(call->keys, &request, (uint64_t)(now.tv_sec - call->late_s),
                                &signature, &error),
            &error);
    buffer_format(out, "Aims-Key: %s\r\nSignature-Input: %s\r\nSignature: %s\r\n", signature.key,
                  signature.input, signature.signature);
    free(path);
}

static void write_head(const struct call *call, struct buffer *out)
{
    char digest[HTTP_SIGNATURE_DIGEST_SIZE];
    uint64_t size = call->size != 0 ? call->size : call->body.size;

    buffer_format(out, "%s %s HTTP/1.1\r\nHost: " HOST "\r\nConnection: close\r\n%s", call->method,
                  call->altered != NULL ? call->altered : call->target,
                  call->headers != NULL ? call->headers : "");
    http_signature_digest(call->body, digest);
    if (call->has_digest) {
        buffer_format(out, "Content-Digest: %s\r\n", digest);
    }
    if (size > 0) {
        buffer_format(out, "Content-Length: %llu\r\n", (unsigned long long)size);
    }
    if (call->expects) {
        buffer_append_text(out, "Expect: 100-continue\r\n");
    }
    if (call->keys != NULL) {
        add_signature(call, call->has_digest ? digest : NULL, out);
    }
    buffer_append_text(out, "\r\n");
}

static int begin_call(const struct desk *desk, const struct call *call)
{
    struct buffer head = {0};
    int fd = dial(desk);

    write_head(call, &head);
    (void)transmit(fd, buffer_bytes(&head));
    if (!call->expects) {
        (void)transmit(fd, call->body);
    }
    buffer_finish(&head);
    return fd;
}

/* Reads what comes next; false at the end. Fails the test when nothing comes. */
static bool receive(int fd, struct buffer *out)
{
    char block[4096];
    ssize_t size = recv(fd, block, sizeof(block), 0);

    if (size < 0) {
        fail_msg("no answer within %d seconds, after \"%s\"", PATIENCE_S, buffer_text(out));
    }
    buffer_append(out, block, (size_t)size);
    return size > 0;
}

/* Reads to the end, which may be a reset. */
static void receive_or_reset(int fd, struct buffer *out)
{
    char block[4096];
    ssize_t size;

    while ((size = recv(fd, block, sizeof(block), 0)) > 0) {
        buffer_append(out, block, (size_t)size);
    }
    if (size < 0 && errno != ECONNRESET) {
        fail_msg("no end within %d seconds", PATIENCE_S);
    }
}

static void receive_to_end(int fd, struct buffer *out)
{
    while (receive(fd, out)) {
    }
}

/* Reads on until TEXT has come. */
static void receive_until(int fd, struct buffer *out, const char *text)
{
    while (strstr(buffer_text(out), text) == NULL) {
        if (!receive(fd, out)) {
            fail_msg("\"%s\" ended before \"%s\"", buffer_text(out), text);
        }
    }
}

static struct reply end_call(int fd)
{
    struct reply reply = {0};

    receive_to_end(fd, &reply.text);
    (void)close(fd);
    const char *text = buffer_text(&reply.text);

    if (strncmp(text, "HTTP/1.1 100 ", 13) == 0) {
        text = strstr(text, "\r\n\r\n") + 4;
    }
    const char *body = strstr(text, "\r\n\r\n");

    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || body == NULL) {
        fail_msg("\"%s\" is no reply", text);
    }
    reply.status = (unsigned)strtoul(text + 9, NULL, 10);
    reply.body = body + 4;
    reply.body_size = reply.text.size - (size_t)(reply.body - buffer_text(&reply.text));
    return reply;
}

static struct reply ask(const struct desk *desk, const struct call *call)
{
    return end_call(begin_call(desk, call));
}

/* The answer must have that status, and TEXT somewhere. */
static void expect(const struct desk *desk, const struct call *call, unsigned status,
                   const char *text)
{
    struct reply reply = ask(desk, call);

    if (reply.status != status || strstr(buffer_text(&reply.text), text) == NULL) {
        fail_msg("%s %s: not %u with \"%s\" but:\n%s", call->method, call->target, status, text,
                 buffer_text(&reply.text));
    }
    if (status >= 400 && strcmp(call->method, "HEAD") != 0) {
        assert_non_null(strstr(buffer_text(&reply.text), "application/problem+json"));
    }
    reply_finish(&reply);
}

/* ---- bundles and cases ---- */

struct pack {
    struct buffer file;
    struct bundle_header header;
    struct digest digest;
    char target[96];
};

/* A bundle by the fixture's submitter with evidence number NUMBER. */
static struct bundle_header plan(const struct desk *desk, uint8_t number)
{
    struct bundle_header header = {.is_plain = true,
                                   .manifest = {{0x3A, number}},
                                   .submitter = *keys_public(desk->fixture->submitter)};

    return header;
}

static struct pack pack(const struct bundle_header *header, const struct keys *keys,
                        size_t content_size)
{
    struct pack pack = {.header = *header};
    uint8_t *content = calloc(1, content_size + 1);
    char hex[DIGEST_HEX_SIZE];

    assert_non_null(content);
    for (size_t i = 0; i < content_size; i++) {
        content[i] = (uint8_t)(i * 31 + i / 257);
    }
    hash_bytes(bytes_of(content, content_size), &pack.header.content);
    pack.header.content_size = content_size;
    bundle_header_write(&pack.header, keys, &pack.file);
    buffer_append(&pack.file, content, content_size);
    free(content);
    hash_bytes(buffer_bytes(&pack.file), &pack.digest);
    (void)snprintf(pack.target, sizeof(pack.target), "/v1/bundles/%s",
                   encode_digest(&pack.digest, hex));
    return pack;
}

static struct pack pack_simple(const struct desk *desk, uint8_t number)
{
    struct bundle_header header = plan(desk, number);

    return pack(&header, desk->fixture->submitter, 1000);
}

static struct call put_of(const struct desk *desk, const struct pack *pack)
{
    return (struct call){.method = "PUT",
                         .target = pack->target,
                         .headers = BUNDLE_TYPE_HEADER,
                         .keys = desk->fixture->submitter,
                         .body = buffer_bytes(&pack->file)};
}

static void put(const struct desk *desk, const struct pack *pack)
{
    struct call call = put_of(desk, pack);

    expect(desk, &call, 201, "Location: /v1/bundles/");
}

static void expect_offset(const struct desk *desk, const struct pack *pack, unsigned status,
                          size_t offset)
{
    struct call call = {.method = "HEAD", .target = pack->target, .keys = desk->fixture->submitter};
    char line[64];

    (void)snprintf(line, sizeof(line), "Upload-Offset: %zu\r\n", offset);
    expect(desk, &call, status, line);
}

static struct message_header header_of(const struct desk *desk, const struct pack *pack)
{
    struct message_header header = {.roster = desk->fixture->roster.digest,
                                    .manifest = pack->header.manifest,
                                    .bundle = pack->digest,
                                    .bundle_size = pack->file.size,
                                    .catalog = fixture_catalog()->digest,
                                    .attempt = 1};

    memcpy(header.signing, keys_public(desk->fixture->submitter)->signing, MESSAGE_KEY_SIZE);
    memcpy(header.sealing, keys_public(desk->fixture->submitter)->sealing, MESSAGE_KEY_SIZE);
    return header;
}

/* The JSON to be posted, signed by KEYS. */
static void write_case(const struct message_header *header, const struct keys *keys,
                       struct buffer *out)
{
    struct buffer payload = {0};
    uint8_t signature[SIGN_SIZE];

    codec_payload_encode_header(header, &payload);
    sign_payload(keys, MESSAGE_TYPE_HEADER, buffer_bytes(&payload), signature);
    buffer_append_text(out, "{\"header\":\"");
    encode_base64(buffer_bytes(&payload), out);
    buffer_append_text(out, "\",\"signature\":\"");
    encode_base64(bytes_of(signature, sizeof(signature)), out);
    buffer_append_text(out, "\"}");
    buffer_finish(&payload);
}

static struct call post_of(const struct desk *desk, const struct buffer *body)
{
    return (struct call){.method = "POST",
                         .target = "/v1/cases",
                         .headers = "Content-Type: application/json\r\n",
                         .keys = desk->fixture->submitter,
                         .body = buffer_bytes(body),
                         .has_digest = true};
}

static void expect_case(const struct desk *desk, const struct message_header *header,
                        unsigned status, const char *text)
{
    struct buffer body = {0};

    write_case(header, desk->fixture->submitter, &body);
    struct call call = post_of(desk, &body);

    expect(desk, &call, status, text);
    buffer_finish(&body);
}

static struct digest case_of(const struct desk *desk, const struct message_header *header)
{
    struct message_header read;
    struct message_signed message;
    struct buffer payload = {0};
    struct digest id;
    struct error error;

    codec_payload_encode_header(header, &payload);
    message.payload = buffer_bytes(&payload);
    sign_payload(desk->fixture->submitter, MESSAGE_TYPE_HEADER, message.payload, message.signature);
    require(
        verify_header(&desk->fixture->roster, &message, desk->fixture->arena, &read, &id, &error),
        &error);
    buffer_finish(&payload);
    return id;
}

/* Uploads and posts evidence NUMBER; its case id. */
static struct digest submit(const struct desk *desk, uint8_t number)
{
    struct pack pack = pack_simple(desk, number);
    struct message_header header = header_of(desk, &pack);

    put(desk, &pack);
    expect_case(desk, &header, 202, "\"url\":\"/v1/cases/");
    struct digest id = case_of(desk, &header);

    buffer_finish(&pack.file);
    return id;
}

/* Attempt ATTEMPT of case ID in a docket of coordinator HOME; 0 is this one. */
static struct digest hear_at(struct desk *desk, const struct digest *id, uint32_t attempt,
                             uint8_t home)
{
    struct coordinator_store_hearing hearing = {.case_id = *id, .attempt = attempt};
    struct coordinator_store_docket docket = {.id = {{0xD0}},
                                              .home = home,
                                              .is_own = home == 0,
                                              .docket = {.payload = bytes_of("docket", 6)}};
    struct error error;

    memcpy(hearing.submitter, keys_public(desk->fixture->submitter)->signing, MESSAGE_KEY_SIZE);
    require(coordinator_store_docket_next_serial(desk->council_store, &docket.serial, &error),
            &error);
    docket.as_of = 1000 + docket.serial;
    docket.id.data[1] = (uint8_t)docket.serial;
    docket.id.data[2] = home;
    docket.id.data[3] = (uint8_t)attempt;
    require(coordinator_store_docket_open(desk->council_store, &docket, &hearing, 1, &error),
            &error);
    return docket.id;
}

/* What the council's thread does with the first attempt of case ID. */
static struct digest hear(struct desk *desk, const struct digest *id)
{
    return hear_at(desk, id, 1, 0);
}

/* Its D is the digest of CERTIFICATE. */
static void decide_as(struct desk *desk, const struct digest *docket, const char *certificate,
                      const struct coordinator_store_result *outcome)
{
    struct coordinator_store_certificate decided = {.docket = *docket,
                                                    .certificate = bytes_of_text(certificate),
                                                    .decided_at = UINT64_C(1795000000123)};
    struct coordinator_store_result result = *outcome;
    const struct coordinator_store_results results = {.count = 1, .results = &result};
    struct error error;

    hash_bytes(decided.certificate, &decided.value);
    hash_bytes(result.report, &result.report_digest);
    require(coordinator_store_result_certify(desk->council_store, &decided, &results, &error),
            &error);
}

static void decide(struct desk *desk, const struct digest *docket, const char *certificate,
                   const char *report)
{
    const struct coordinator_store_result result = {
        .report = bytes_of_text(report), .outcome = FINDINGS_CONCLUSIVE, .decision = "recommended"};

    decide_as(desk, docket, certificate, &result);
}

static void pin_up_seats(struct desk *desk, uint8_t up_count)
{
    struct board_seats seats = {.seat_count = 5, .quorum_count = 4, .up_count = up_count};

    for (uint8_t seat = 0; seat < up_count; seat++) {
        seat_set_add(&seats.up, seat);
    }
    board_put_seats(desk->board, &seats);
}

/* GET of something below a case, signed by KEYS. */
struct get {
    struct call call;
    char target[160];
};

static struct call *get_of(struct get *get, const struct digest *id, const char *rest,
                           const struct keys *keys)
{
    char hex[DIGEST_HEX_SIZE];

    (void)snprintf(get->target, sizeof(get->target), "/v1/cases/%s%s", encode_digest(id, hex),
                   rest);
    get->call = (struct call){.method = "GET", .target = get->target, .keys = keys};
    return &get->call;
}

/* ---- uploads ---- */

static void a_bundle_is_taken_once(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct call call = put_of(desk, &pack);

    expect_offset(desk, &pack, 204, 0);
    put(desk, &pack);
    expect_offset(desk, &pack, 200, pack.file.size);
    call.expects = true; /* The second time its body is not wanted. */
    expect(desk, &call, 200, "Upload-Offset: ");
    buffer_finish(&pack.file);
}

static void an_upload_goes_on_where_it_broke_off(void **state)
{
    struct desk *desk = *state;
    struct bundle_header header = plan(desk, 0);
    struct pack whole = pack(&header, desk->fixture->submitter, 300000);
    struct call call = put_of(desk, &whole);
    size_t half = whole.file.size / 2;
    char range[160];

    /* Half of it comes, then the line breaks. */
    call.size = whole.file.size;
    call.body = bytes_of(whole.file.data, half);
    int fd = begin_call(desk, &call);

    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    struct buffer rest = {0};

    receive_to_end(fd, &rest);
    buffer_finish(&rest);
    (void)close(fd);
    expect_offset(desk, &whole, 204, half);

    /* Not from elsewhere. */
    call.size = 0;
    call.body = bytes_of(whole.file.data + half + 1, whole.file.size - half - 1);
    (void)snprintf(range, sizeof(range), BUNDLE_TYPE_HEADER "Content-Range: bytes %zu-%zu/%zu\r\n",
                   half + 1, whole.file.size - 1, whole.file.size);
    call.headers = range;
    call.expects = true;
    expect(desk, &call, 409, "goes on at");

    /* A part in the middle, then the end. */
    call.expects = false;
    call.body = bytes_of(whole.file.data + half, 10);
    (void)snprintf(range, sizeof(range), BUNDLE_TYPE_HEADER "Content-Range: bytes %zu-%zu/%zu\r\n",
                   half, half + 9, whole.file.size);
    expect(desk, &call, 204, "Upload-Offset: ");
    expect_offset(desk, &whole, 204, half + 10);
    call.body = bytes_of(whole.file.data + half + 10, whole.file.size - half - 10);
    (void)snprintf(range, sizeof(range), BUNDLE_TYPE_HEADER "Content-Range: bytes %zu-%zu/%zu\r\n",
                   half + 10, whole.file.size - 1, whole.file.size);
    expect(desk, &call, 201, "Location");
    expect_offset(desk, &whole, 200, whole.file.size);
    buffer_finish(&whole.file);
}

static void an_upload_is_refused_before_its_body_is_sent(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct call good = put_of(desk, &pack);
    struct call call;

    good.expects = true;
    call = good;
    call.keys = NULL;
    expect(desk, &call, 401, "the request is not signed: Aims-Key is missing");
    expect(desk, &call, 401, "WWW-Authenticate: Signature");
    call = good;
    call.late_s = HTTP_SIGNATURE_AGE_MAX + 30;
    expect(desk, &call, 401, "seconds before the server's clock");
    call = good;
    call.altered = "/v1/bundles/0000000000000000000000000000000000000000000000000000000000000000";
    expect(desk, &call, 401, "the signature is not that of this request");
    call = good;
    call.headers = "Content-Type: text/plain\r\n";
    expect(desk, &call, 415, "a bundle comes as");
    call.headers = "";
    expect(desk, &call, 415, "a bundle comes as");
    call = good;
    call.size = BUNDLE_LIMIT + 1;
    expect(desk, &call, 413, "has 1048577 bytes, at most 1048576 are taken");
    call = good;
    call.headers = BUNDLE_TYPE_HEADER "Content-Range: bytes 0-9/20\r\n";
    expect(desk, &call, 400, "Content-Range is not");
    call = good;
    call.headers = BUNDLE_TYPE_HEADER "Transfer-Encoding: chunked\r\n";
    expect(desk, &call, 411, "must say its Content-Length");
    expect_offset(desk, &pack, 204, 0);
    buffer_finish(&pack.file);
}

static void only_listed_submitters_may_submit(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct call call = put_of(desk, &pack);
    struct digest listed;
    char keyid[KEYS_KEYID_SIZE];

    keys_keyid(keys_public(desk->stranger)->signing, keyid);
    assert_true(encode_to_digest(keyid, &listed));
    desk->options.submitter_count = 1;
    desk->options.submitters = &listed;
    reopen(desk);
    call.expects = true;
    expect(desk, &call, 403, "may not submit here");
    struct buffer body = {0};
    struct message_header header = header_of(desk, &pack);

    write_case(&header, desk->fixture->submitter, &body);
    struct call post = post_of(desk, &body);

    expect(desk, &post, 403, "may not submit here");
    keys_keyid(keys_public(desk->fixture->submitter)->signing, keyid);
    assert_true(encode_to_digest(keyid, &listed));
    put(desk, &pack);
    buffer_finish(&body);
    buffer_finish(&pack.file);
}

static void expect_bad_bundle(const struct desk *desk, struct pack *pack, const char *sentence)
{
    struct call call = put_of(desk, pack);

    expect(desk, &call, 422, sentence);
    expect_offset(desk, pack, 204, 0); /* Nothing of it is kept. */
    buffer_finish(&pack->file);
}

static void a_file_that_is_no_bundle_for_this_council_is_refused_and_removed(void **state)
{
    struct desk *desk = *state;
    struct bundle_header header;
    struct pack bad;

    bad = pack_simple(desk, 0);
    bad.file.data[bad.file.size - 1] ^= 1;
    expect_bad_bundle(desk, &bad, "another digest");

    bad = pack_simple(desk, 0);
    buffer_clear(&bad.file);
    buffer_append_text(&bad.file, "no bundle at all, but with the digest that was announced");
    char hex[DIGEST_HEX_SIZE];

    hash_bytes(buffer_bytes(&bad.file), &bad.digest);
    (void)snprintf(bad.target, sizeof(bad.target), "/v1/bundles/%s",
                   encode_digest(&bad.digest, hex));
    expect_bad_bundle(desk, &bad, "detail");

    header = plan(desk, 0);
    header.submitter = *keys_public(desk->stranger);
    bad = pack(&header, desk->stranger, 1000);
    expect_bad_bundle(desk, &bad, "packed with another key");

    static const uint8_t sealed[5][BUNDLE_SEALED_SIZE];

    header = plan(desk, 0);
    header.is_plain = false;
    header.roster = (struct digest){{7}};
    header.seat_count = 5;
    header.sealed = sealed;
    bad = pack(&header, desk->fixture->submitter, 1000);
    expect_bad_bundle(desk, &bad, "sealed to another roster");

    header.roster = desk->fixture->roster.digest;
    struct pack good = pack(&header, desk->fixture->submitter, 1000);

    put(desk, &good);
    buffer_finish(&good.file);
}

/* ---- cases ---- */

static void a_case_is_accepted_once(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct message_header header = header_of(desk, &pack);
    struct digest id = case_of(desk, &header);
    struct get get;
    char hex[DIGEST_HEX_SIZE];

    put(desk, &pack);
    expect_case(desk, &header, 202, encode_digest(&id, hex));
    assert_int_equal(accepted_count(desk), 1);
    expect_case(desk, &header, 200, encode_digest(&id, hex));
    assert_int_equal(accepted_count(desk), 1);
    expect(desk, get_of(&get, &id, "", desk->fixture->submitter), 200, "\"state\":\"waiting\"");
    buffer_finish(&pack.file);
}

static void a_malformed_case_is_refused(void **state)
{
    static const struct {
        const char *body;
        const char *sentence;
    } cases[] = {
        {"", "Content-Length"},
        {"{", "case:1:"},
        {"[]", "the body is not"},
        {"{\"header\":\"AA==\"}", "signature"},
        {"{\"header\":1,\"signature\":\"AA==\"}", "header"},
        {"{\"header\":\"AA==\",\"signature\":\"AA==\",\"more\":1}", "more"},
        {"{\"header\":\"!\",\"signature\":\"AA==\"}", "\\\"header\\\" is not base64"},
        {"{\"header\":\"AA==\",\"signature\":\"AA==\"}", "is not 64 bytes"},
    };
    struct desk *desk = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer body = {0};

        buffer_append_text(&body, cases[i].body);
        struct call call = post_of(desk, &body);

        expect(desk, &call, body.size == 0 ? 411 : 400, cases[i].sentence);
        buffer_finish(&body);
    }
    assert_int_equal(accepted_count(desk), 0);
}

static void a_case_for_others_or_by_others_is_refused(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    const struct message_header good = header_of(desk, &pack);
    struct message_header header;
    struct buffer body = {0};

    put(desk, &pack);
    header = good;
    header.home = 1;
    expect_case(desk, &header, 421,
                "names coordinator 1 (other desk) as its home, this is 0 (desk)");
    header = good;
    header.home = 2;
    expect_case(desk, &header, 400, "coordinator 2 of 2");
    header = good;
    header.roster.data[0] ^= 1;
    expect_case(desk, &header, 400, "another roster");
    header = good;
    header.catalog.data[0] ^= 1;
    expect_case(desk, &header, 400, "not heard");
    header = good;
    memcpy(header.signing, keys_public(desk->stranger)->signing, MESSAGE_KEY_SIZE);
    expect_case(desk, &header, 403, "not signed by its submitter");

    write_case(&good, desk->fixture->submitter, &body);
    struct call call = post_of(desk, &body);

    call.keys = desk->stranger; /* Somebody else hands it in. */
    expect(desk, &call, 403, "signed with another key than the request");
    assert_int_equal(accepted_count(desk), 0);
    buffer_finish(&body);
    buffer_finish(&pack.file);
}

static void a_catalogue_that_only_others_hear_is_refused(void **state)
{
    static struct catalog other;
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct message_header header = header_of(desk, &pack);

    put(desk, &pack);
    other = *fixture_catalog();
    other.digest.data[0] ^= 1;
    desk->options.catalog = &other;
    reopen(desk);
    expect_case(desk, &header, 422, "another catalogue");
    buffer_finish(&pack.file);
}

static void a_case_must_fit_its_bundle(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    const struct message_header good = header_of(desk, &pack);
    struct message_header header;

    expect_case(desk, &good, 409, "PUT the bundle first");
    put(desk, &pack);
    header = good;
    header.bundle_size++;
    expect_case(desk, &header, 422, "the case says");
    header = good;
    header.manifest.data[0] ^= 1;
    expect_case(desk, &header, 422, "another manifest");
    header = good;
    header.sealing[0] ^= 1;
    expect_case(desk, &header, 422, "another sealing key");
    assert_int_equal(accepted_count(desk), 0);
    expect_case(desk, &good, 202, "case");
    buffer_finish(&pack.file);
}

static void no_more_cases_wait_than_are_allowed(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 1);
    struct message_header header = header_of(desk, &pack);
    struct digest id;

    desk->options.waiting_max = 1;
    reopen(desk);
    id = submit(desk, 0);
    put(desk, &pack);
    expect_case(desk, &header, 503, "Retry-After: 60");
    expect_case(desk, &header, 503, "1 cases wait already");
    (void)hear(desk, &id);
    expect_case(desk, &header, 202, "case");
    buffer_finish(&pack.file);
}

static void the_body_of_a_case_must_be_the_one_that_was_signed(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct message_header header = header_of(desk, &pack);
    struct buffer body = {0};
    struct buffer text = {0};

    write_case(&header, desk->fixture->submitter, &body);
    struct call call = post_of(desk, &body);

    call.has_digest = false;
    expect(desk, &call, 400, "must have a Content-Digest");

    /* The head of one request before the body of another. */
    call = post_of(desk, &body);
    write_head(&call, &text);
    body.data[body.size - 3] ^= 1;
    buffer_append(&text, body.data, body.size);
    int fd = dial(desk);

    assert_true(transmit(fd, buffer_bytes(&text)));
    struct reply reply = end_call(fd);

    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "Content-Digest is not the sha-256 of the body"));
    reply_finish(&reply);

    call.size = 2 * 1024 * 1024;
    call.expects = true;
    expect(desk, &call, 413, "at most 1048576 are taken");
    buffer_finish(&text);
    buffer_finish(&body);
    buffer_finish(&pack.file);
}

static void a_new_case_must_follow_the_last_certificate(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct digest docket = hear(desk, &id);
    struct pack first = pack_simple(desk, 0);
    struct pack loose = pack_simple(desk, 1);
    struct bundle_header linked_header = plan(desk, 1);

    decide(desk, &docket, "{\"a\":\"certificate\"}", "{}");
    hash_bytes(bytes_of_text("{\"a\":\"certificate\"}"), &linked_header.previous);
    struct pack linked = pack(&linked_header, desk->fixture->submitter, 1000);
    struct message_header header = header_of(desk, &first);

    expect_case(desk, &header, 200, "case"); /* The decided one is still known. */
    put(desk, &loose);
    header = header_of(desk, &loose);
    expect_case(desk, &header, 409, "does not name your last result");
    put(desk, &linked);
    header = header_of(desk, &linked);
    expect_case(desk, &header, 202, "case");
    buffer_finish(&first.file);
    buffer_finish(&loose.file);
    buffer_finish(&linked.file);
}

/* One that is unknown here may be later; an older one is known for what it is. */
static void a_result_that_only_another_coordinator_has_may_be_the_last(void **state)
{
    struct desk *desk = *state;
    static const char *const certificates[] = {"{\"older\":1}", "{\"latest\":1}"};
    struct bundle_header linked_header = plan(desk, 1);

    for (uint32_t i = 0; i < 2; i++) {
        struct digest id = {{0xCA, (uint8_t)i}};
        struct digest docket = hear_at(desk, &id, i + 1, 1);

        decide(desk, &docket, certificates[i], "{}");
    }
    for (unsigned is_other = 0; is_other < 2; is_other++) {
        hash_bytes(bytes_of_text(is_other == 0 ? certificates[0] : "{\"latest\":\"elsewhere\"}"),
                   &linked_header.previous);
        struct pack linked = pack(&linked_header, desk->fixture->submitter, 1000);
        struct message_header header = header_of(desk, &linked);

        put(desk, &linked);
        expect_case(desk, &header, is_other == 0 ? 409 : 202, "");
        buffer_finish(&linked.file);
    }
}

static void a_second_attempt_needs_an_inconclusive_certificate_of_the_first(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct message_header header = header_of(desk, &pack);
    struct buffer conclusive = {0};
    struct buffer disputed = {0};
    struct get get;
    struct digest id = submit(desk, 0);

    fixture_hear(desk->fixture);
    fixture_certify(desk->fixture, 4, &conclusive);
    fixture_answer(desk->fixture, 0, 1, 0, ANSWER_NOT_MET);
    fixture_hear(desk->fixture);
    fixture_certify(desk->fixture, 4, &disputed);

    /* That certificate is now the submitter's last; the bundle, which is the same, cannot name it. */
    struct digest docket = hear(desk, &id);

    decide_as(desk, &docket, buffer_text(&disputed),
              &(struct coordinator_store_result){.report = bytes_of_text("{}"),
                                                 .outcome = FINDINGS_IN_DISPUTE,
                                                 .decision = "deferred"});
    header.attempt = 2;
    header.earlier = buffer_bytes(&conclusive);
    expect_case(desk, &header, 422, "attempt 1 was conclusive");
    header.earlier = bytes_of_text("{}");
    expect_case(desk, &header, 422, "earlier certificate");
    header.earlier = buffer_bytes(&disputed);
    expect_case(desk, &header, 202, "\"attempt\":2");
    expect(desk, get_of(&get, &id, "", desk->fixture->submitter), 200, "\"attempt\":2");
    expect(desk, get_of(&get, &id, "?attempt=1", desk->fixture->submitter), 200, "\"attempt\":1");
    expect(desk, get_of(&get, &id, "?attempt=3", desk->fixture->submitter), 404,
           "attempt 3 is not known here");
    buffer_finish(&conclusive);
    buffer_finish(&disputed);
    buffer_finish(&pack.file);
}

/* Where it is heard does not matter: in this coordinator's docket or in another's. */
static void the_conclusive_hearing_stands(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct message_header header = header_of(desk, &pack);
    const struct keys *submitter = desk->fixture->submitter;
    struct buffer unheard = {0};
    struct get get;
    struct digest id = submit(desk, 0);
    struct digest mine = hear(desk, &id);
    struct digest theirs = hear_at(desk, &id, 1, 1);

    decide_as(desk, &mine, "{\"certificate\":\"unheard\"}",
              &(struct coordinator_store_result){.report = bytes_of_text("{\"report\":1}"),
                                                 .outcome = FINDINGS_UNHEARD,
                                                 .decision = "deferred",
                                                 .is_worth_repeating = true});
    expect(desk, get_of(&get, &id, "", submitter), 200, "\"state\":\"assessing\"");
    expect(desk, get_of(&get, &id, "/certificate", submitter), 200, "unheard");
    expect(desk, get_of(&get, &id, "", submitter), 200, "\"home\":1,");
    decide(desk, &theirs, "{\"certificate\":\"conclusive\"}", "{\"report\":2}");
    expect(desk, get_of(&get, &id, "/certificate", submitter), 200, "conclusive");
    expect(desk, get_of(&get, &id, "/report?attempt=1", submitter), 200, "{\"report\":2}");
    expect(desk, get_of(&get, &id, "", submitter), 200,
           "\"home\":0,\"outcome\":\"unheard\",\"stands\":false,\"state\":\"decided\","
           "\"worthRepeating\":true}");
    expect(desk, get_of(&get, &id, "", submitter), 200,
           "\"home\":1,\"outcome\":\"conclusive\",\"stands\":true,\"state\":\"decided\","
           "\"worthRepeating\":false}");
    /* What follows cannot be heard: the result is the answer. */
    header.attempt = 2;
    buffer_append_text(&unheard, "{}");
    header.earlier = buffer_bytes(&unheard);
    expect_case(desk, &header, 200, "\"attempt\":1");
    buffer_finish(&unheard);
    buffer_finish(&pack.file);
}

static void of_hearings_without_conclusion_the_latest_that_was_heard_stands(void **state)
{
    struct desk *desk = *state;
    const struct keys *submitter = desk->fixture->submitter;
    struct coordinator_store_result result = {.report = bytes_of_text("{}"),
                                              .decision = "deferred"};
    static const struct {
        uint32_t attempt;
        int outcome;
        const char *certificate;
    } hearings[] = {{1, FINDINGS_IN_DISPUTE, "{\"number\":1}"},
                    {2, FINDINGS_IN_DISPUTE, "{\"number\":2}"},
                    {3, FINDINGS_UNHEARD, "{\"number\":3}"}};
    struct digest id = submit(desk, 0);
    struct get get;

    for (size_t i = 0; i < 3; i++) {
        struct digest docket = hear_at(desk, &id, hearings[i].attempt, 1);

        result.outcome = hearings[i].outcome;
        decide_as(desk, &docket, hearings[i].certificate, &result);
    }
    expect(desk, get_of(&get, &id, "/certificate", submitter), 200, "{\"number\":2}");
    expect(desk, get_of(&get, &id, "/certificate?attempt=3", submitter), 200, "{\"number\":3}");
    expect(desk, get_of(&get, &id, "", submitter), 200, "\"outcome\":\"unheard\"");
}

/* The docket is only in another coordinator's: nothing was submitted here. */
static void a_case_that_was_submitted_elsewhere_is_followed_here(void **state)
{
    struct desk *desk = *state;
    struct pack pack = pack_simple(desk, 0);
    struct message_header header = header_of(desk, &pack);
    struct digest id = case_of(desk, &header);
    struct get get;

    (void)hear_at(desk, &id, 1, 1);
    expect(desk, get_of(&get, &id, "", desk->fixture->submitter), 200, "\"receivedAt\":null");
    expect(desk, get_of(&get, &id, "", desk->stranger), 404, "not known");
    expect_case(desk, &header, 200, "\"attempt\":1"); /* No bundle was asked for. */
    assert_int_equal(accepted_count(desk), 0);
    buffer_finish(&pack.file);
}

/* ---- misconduct ---- */

/* Seat 3 gave two verdicts on DOCKET. */
static void catch_liar(struct desk *desk, const struct digest *docket)
{
    struct proof proof = {.is_seat = true, .signer = 3};
    struct message_verdict verdict = {
        .roster = desk->fixture->roster.digest, .docket = *docket, .seat = 3, .assessed_at = 1000};
    struct message_entry entry = {.reason = MESSAGE_LIMIT};
    struct message_signed *messages[] = {&proof.first, &proof.second};
    struct buffer payloads[2] = {{0}};
    struct error error;
    bool is_new = false;

    verdict.entry_count = 1;
    verdict.entries = &entry;
    proof.first_type = proof.second_type = MESSAGE_TYPE_VERDICT;
    for (size_t i = 0; i < 2; i++) {
        verdict.assessed_at++;
        codec_payload_encode_verdict(&verdict, &payloads[i]);
        messages[i]->payload = buffer_bytes(&payloads[i]);
        sign_payload(desk->fixture->seats[3], MESSAGE_TYPE_VERDICT, messages[i]->payload,
                     messages[i]->signature);
    }
    require(proof_judge(&desk->fixture->roster, &proof, desk->fixture->arena, &error), &error);
    require(coordinator_store_proof_save(desk->council_store, &proof, &is_new, &error), &error);
    assert_true(is_new);
    buffer_finish(&payloads[0]);
    buffer_finish(&payloads[1]);
}

static void everybody_may_see_who_lied_and_those_concerned_the_proof(void **state)
{
    struct desk *desk = *state;
    struct call call = {.method = "GET", .target = "/v1/misconduct"};
    struct digest id = submit(desk, 0);
    struct digest docket = hear(desk, &id);
    struct proof proof;
    struct error error;

    expect(desk, &call, 200, "{\"misconduct\":[]}");
    catch_liar(desk, &docket);
    expect(desk, &call, 200, "\"id\":\"1\",\"kind\":\"E3\",\"seat\":3}");
    call.target = "/v1/status";
    expect(desk, &call, 200, "\"misconduct\":[{\"count\":1,\"kind\":\"E3\",\"seat\":3}]");
    call.target = "/v1/misconduct/1";
    expect(desk, &call, 401, "");
    call.keys = desk->stranger;
    expect(desk, &call, 404, "there is no such proof");
    call.keys = desk->fixture->submitter;
    expect(desk, &call, 200, "\"kind\":\"E3\"");
    call.keys = desk->fixture->reader;
    struct reply reply = ask(desk, &call);

    assert_int_equal(reply.status, 200);
    require(proof_check(bytes_of(reply.body, reply.body_size), "proof", &desk->fixture->roster,
                        desk->fixture->arena, &proof, &error),
            &error);
    assert_int_equal(proof.kind, MISCONDUCT_TWO_VERDICTS);
    assert_int_equal(proof.signer, 3);
    reply_finish(&reply);
    call.target = "/v1/misconduct/2";
    expect(desk, &call, 404, "there is no such proof");
    call.target = "/v1/misconduct/x";
    expect(desk, &call, 404, "");
}

/* ---- results ---- */

static void the_state_tells_how_far_the_council_is(void **state)
{
    static const struct {
        enum chair_phase phase;
        const char *name;
    } phases[] = {{CHAIR_HEARING, "assessing"},    {CHAIR_COMPUTING, "assessing"},
                  {CHAIR_PREPARING, "preparing"},  {CHAIR_COMMITTING, "committing"},
                  {CHAIR_CERTIFIED, "committing"}, {CHAIR_DECIDED, "committing"}};
    struct desk *desk = *state;
    const struct keys *submitter = desk->fixture->submitter;
    struct digest id = submit(desk, 0);
    struct get get;
    char text[64];

    pin_up_seats(desk, 2);
    expect(desk, get_of(&get, &id, "", submitter), 200,
           "\"missing\":[2,3,4],\"outcome\":null,\"prepared\":0,\"quorum\":4,");
    expect(desk, &get.call, 200, "\"why\":\"3 of 5 seats are missing; 4 are needed\"");
    pin_up_seats(desk, 5);
    expect(desk, &get.call, 200, "\"why\":null");
    struct board_docket docket = {.id = hear(desk, &id), .heard = 5, .prepared = 4, .committed = 3};

    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        docket.phase = phases[i].phase;
        board_put_docket(desk->board, &docket);
        (void)snprintf(text, sizeof(text), "\"state\":\"%s\"", phases[i].name);
        expect(desk, &get.call, 200, text);
    }
    expect(desk, &get.call, 200, "{\"assessed\":5,\"attempt\":1,");
    expect(desk, &get.call, 200, "\"committed\":3,");
    decide(desk, &docket.id, "{}", "{}");
    board_remove_docket(desk->board, &docket.id);
    expect(desk, &get.call, 200,
           "\"decidedAt\":\"2026-11-18T11:06:40Z\",\"decision\":\"recommended\"");
    expect(desk, &get.call, 200, "\"outcome\":\"conclusive\"");
}

static void results_are_given_as_they_were_certified(void **state)
{
    static const char certificate[] = "{\"payload\":\"cGF5bG9hZA==\",\"signatures\":[]}";
    static const char report[] = "{\"decision\":\"recommended\",\"odd\":\"\\u0000 \xC3\xBC\"}";
    static const char paper[] = "{\"keys\":[],\"stream\":\"AAAA\"}";
    struct desk *desk = *state;
    const struct keys *submitter = desk->fixture->submitter;
    struct digest id = submit(desk, 0);
    struct digest docket = hear(desk, &id);
    struct get get;
    struct error error;

    expect(desk, get_of(&get, &id, "/certificate", submitter), 404, "has not decided it yet");
    expect(desk, get_of(&get, &id, "/report", submitter), 404, "has not decided it yet");
    expect(desk, get_of(&get, &id, "/papers", submitter), 404, "has not decided it yet");
    decide(desk, &docket, certificate, report);
    require(coordinator_store_result_save_papers(desk->council_store, &docket, 0, 3,
                                                 bytes_of_text(paper), &error),
            &error);
    require(coordinator_store_result_save_papers(desk->council_store, &docket, 0, 4,
                                                 bytes_of_text("\"},{\"not JSON"), &error),
            &error);

    struct reply reply = ask(desk, get_of(&get, &id, "/report", submitter));

    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body_size, strlen(report));
    assert_memory_equal(reply.body, report, strlen(report));
    reply_finish(&reply);
    reply = ask(desk, get_of(&get, &id, "/certificate?attempt=1", desk->fixture->reader));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, certificate);
    reply_finish(&reply);
    reply = ask(desk, get_of(&get, &id, "/papers", submitter));
    assert_string_equal(reply.body,
                        "{\"papers\":[{\"sealed\":{\"keys\":[],\"stream\":\"AAAA\"},\"seat\":3}]}");
    reply_finish(&reply);
    expect(desk, get_of(&get, &id, "/report?attempt=2", submitter), 404, "not decided");
}

static void for_others_a_case_is_not_there(void **state)
{
    static const char *const rests[] = {"", "/events", "/certificate", "/report", "/papers"};
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct digest unknown = {{1, 2, 3}};
    struct digest docket = hear(desk, &id);
    struct get get;

    decide(desk, &docket, "{}", "{}");
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        struct reply hidden = ask(desk, get_of(&get, &id, rests[i], desk->stranger));
        struct reply absent = ask(desk, get_of(&get, &unknown, rests[i], desk->stranger));

        assert_int_equal(hidden.status, 404);
        assert_int_equal(absent.status, 404);
        assert_string_equal(hidden.body, absent.body);
        reply_finish(&hidden);
        reply_finish(&absent);
        expect(desk, get_of(&get, &id, rests[i], NULL), 401, "not signed");
        expect(desk, get_of(&get, &id, rests[i], desk->fixture->reader), 200, "");
    }
}

/* ---- events ---- */

static void a_follower_is_told_every_change_and_then_the_stream_ends(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct buffer text = {0};
    struct get get;
    struct call *call = get_of(&get, &id, "/events", desk->fixture->submitter);

    call->headers = "Last-Event-ID: 41\r\n";
    int fd = begin_call(desk, call);

    receive_until(fd, &text, "id: 42\nevent: state\ndata: {");
    receive_until(fd, &text, "\"state\":\"waiting\"");
    assert_non_null(strstr(buffer_text(&text), "Content-Type: text/event-stream"));
    struct board_docket docket = {.id = hear(desk, &id), .heard = 1};

    board_put_docket(desk->board, &docket);
    receive_until(fd, &text, "id: 43\nevent: state\ndata: {\"assessed\":1,");
    docket.phase = CHAIR_PREPARING;
    board_put_docket(desk->board, &docket);
    receive_until(fd, &text, "\"state\":\"preparing\"");
    board_put_docket(desk->board, &docket); /* No change, so no event. */
    decide(desk, &docket.id, "{}", "{}");
    board_remove_docket(desk->board, &docket.id);
    receive_to_end(fd, &text);
    assert_non_null(strstr(buffer_text(&text), "\"state\":\"decided\""));
    assert_non_null(strstr(buffer_text(&text), "id: 45\n"));
    assert_null(strstr(buffer_text(&text), "id: 46\n"));
    (void)close(fd);
    buffer_finish(&text);
}

static void a_docket_that_has_left_the_board_is_looked_up_again(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct digest docket = hear(desk, &id);
    const struct http_state_wanted wanted = {.case_id = &id};
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    const struct coordinator_store_case *hearing = NULL;
    struct buffer text = {0};
    struct error error;

    assert_true(http_state_find(desk->council_store, &wanted, arena, &hearing, &error));
    decide(desk, &docket, "{}", "{}"); /* After the store was asked, before the board is. */
    struct http_options options = desk->options;

    options.store = desk->council_store;
    http_state_write(&options, hearing, arena, &text);
    assert_non_null(strstr(buffer_text(&text), "\"state\":\"decided\""));
    buffer_finish(&text);
    arena_destroy(arena);
}

static void a_decided_case_is_told_at_once(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct digest docket = hear(desk, &id);
    struct get get;

    decide(desk, &docket, "{}", "{}");
    expect(desk, get_of(&get, &id, "/events", desk->fixture->submitter), 200,
           "id: 1\nevent: state\ndata: {");
}

static void all_followers_are_woken(void **state)
{
    enum { FOLLOWERS = 60 };
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct buffer texts[FOLLOWERS] = {{0}};
    int fds[FOLLOWERS];
    struct get get;
    struct call *call = get_of(&get, &id, "/events", desk->fixture->reader);

    for (size_t i = 0; i < FOLLOWERS; i++) {
        fds[i] = begin_call(desk, call);
    }
    for (size_t i = 0; i < FOLLOWERS; i++) {
        receive_until(fds[i], &texts[i], "\"state\":\"waiting\"");
    }
    (void)close(fds[0]); /* One leaves without a word. */
    struct board_docket docket = {.id = hear(desk, &id)};

    for (uint8_t heard = 1; heard <= 5; heard++) {
        docket.heard = heard;
        board_put_docket(desk->board, &docket);
    }
    for (size_t i = 1; i < FOLLOWERS; i++) {
        receive_until(fds[i], &texts[i], "\"assessed\":5,");
    }
    decide(desk, &docket.id, "{}", "{}");
    board_remove_docket(desk->board, &docket.id);
    for (size_t i = 1; i < FOLLOWERS; i++) {
        receive_until(fds[i], &texts[i], "\"state\":\"decided\"");
        receive_to_end(fds[i], &texts[i]);
        (void)close(fds[i]);
    }
    for (size_t i = 0; i < FOLLOWERS; i++) {
        buffer_finish(&texts[i]);
    }
}

/* Two changes, ever farther apart: the second now and then comes just when the stream is about to
 * sleep. */
static void no_change_is_slept_through(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct board_docket docket = {.id = hear(desk, &id)};
    struct board_docket read;
    struct buffer text = {0};
    struct get get;
    int fd = begin_call(desk, get_of(&get, &id, "/events", desk->fixture->submitter));

    receive_until(fd, &text, "\"state\":\"assessing\"");
    for (unsigned round = 1; round <= 2000; round++) {
        docket.heard = (uint8_t)(round % 200);
        docket.prepared = 0;
        board_put_docket(desk->board, &docket);
        for (unsigned i = 0; i < round; i++) {
            assert_true(board_get_docket(desk->board, &docket.id, &read));
        }
        docket.prepared = 1;
        board_put_docket(desk->board, &docket);
        buffer_clear(&text);
        receive_until(fd, &text, "\"prepared\":1,");
    }
    (void)close(fd);
    buffer_finish(&text);
}

static void a_quiet_stream_beats(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct buffer text = {0};
    struct get get;

    desk->options.beat_ms = 20;
    reopen(desk);
    int fd = begin_call(desk, get_of(&get, &id, "/events", desk->fixture->submitter));

    receive_until(fd, &text, ": still here\n\n");
    buffer_clear(&text);
    receive_until(fd, &text, ": still here\n\n");
    assert_null(strstr(buffer_text(&text), "event:"));
    (void)close(fd);
    buffer_finish(&text);
}

static void streams_end_when_the_server_does(void **state)
{
    struct desk *desk = *state;
    struct digest id = submit(desk, 0);
    struct buffer text = {0};
    struct get get;
    int fd = begin_call(desk, get_of(&get, &id, "/events", desk->fixture->submitter));

    receive_until(fd, &text, "\"state\":\"waiting\"");
    board_on_change(desk->board, NULL, NULL);
    http_close(desk->http);
    desk->http = NULL;
    receive_to_end(fd, &text);
    assert_null(strstr(buffer_text(&text), "\"state\":\"decided\""));
    (void)close(fd);
    buffer_finish(&text);
}

/* ---- the server itself ---- */

static void a_slow_client_holds_up_nobody(void **state)
{
    struct desk *desk = *state;
    struct pack slow = pack_simple(desk, 0);
    struct call half = put_of(desk, &slow);
    struct call health = {.method = "GET", .target = "/healthz"};
    int silent = dial(desk);
    int slow_head = dial(desk);

    assert_true(transmit(slow_head, bytes_of_text("GET /healthz HT")));
    half.size = slow.file.size;
    half.body.size = slow.file.size / 2;
    int slow_body = begin_call(desk, &half);

    expect(desk, &health, 200, "ok\n");
    struct digest id = submit(desk, 1);
    struct get get;

    expect(desk, get_of(&get, &id, "", desk->fixture->submitter), 200, "waiting");

    /* The same bundle cannot come twice at once; then the slow one ends well. */
    struct call again = put_of(desk, &slow);

    again.expects = true;
    expect(desk, &again, 409, "somebody else is uploading");
    assert_true(transmit(
        slow_body, bytes_of(slow.file.data + half.body.size, slow.file.size - half.body.size)));
    struct reply reply = end_call(slow_body);

    assert_int_equal(reply.status, 201);
    reply_finish(&reply);
    (void)close(silent);
    (void)close(slow_head);
    buffer_finish(&slow.file);
}

static void everybody_may_see_the_roster_and_the_status(void **state)
{
    struct desk *desk = *state;
    struct buffer roster = {0};
    struct call call = {.method = "GET", .target = "/v1/council"};
    struct digest id = submit(desk, 0);

    (void)id;
    roster_write(&desk->fixture->roster, &roster);
    struct reply reply = ask(desk, &call);

    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body_size, roster.size);
    assert_memory_equal(reply.body, roster.data, roster.size);
    reply_finish(&reply);
    buffer_finish(&roster);
    pin_up_seats(desk, 3);
    call.target = "/v1/status";
    expect(desk, &call, 200, "{\"cases\":{\"decided\":0,\"heard\":0,\"waiting\":1},");
    expect(desk, &call, 200, "\"conflicts\":0,\"coordinator\":0,\"coordinators\":2,");
    expect(desk, &call, 200,
           "\"misconduct\":[],\"missing\":[3,4],\"openDockets\":0,\"quorum\":4,\"roster\":");
    expect(desk, &call, 200, "\"seats\":5,\"seatsUp\":3,\"version\":\"" AIMS_VERSION "\"}");
}

static void it_is_ready_when_a_quorum_is_up(void **state)
{
    struct desk *desk = *state;
    struct call call = {.method = "GET", .target = "/readyz"};

    expect(desk, &call, 503, "detail");
    pin_up_seats(desk, 3);
    expect(desk, &call, 503, "3 of 5 seats are there; 4 are needed");
    pin_up_seats(desk, 4);
    expect(desk, &call, 200, "ready\n");
}

static void metrics_are_as_prometheus_wants_them(void **state)
{
    struct desk *desk = *state;
    struct call call = {.method = "GET", .target = "/metrics"};
    struct digest id = submit(desk, 0);
    struct digest docket = hear(desk, &id);

    catch_liar(desk, &docket);
    pin_up_seats(desk, 1);
    struct reply reply = ask(desk, &call);

    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(buffer_text(&reply.text),
                           "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_string_equal(reply.body,
                        "# HELP aims_hearings Hearings in the store, by how far they are.\n"
                        "# TYPE aims_hearings gauge\n"
                        "aims_hearings{state=\"waiting\"} 0\n"
                        "aims_hearings{state=\"heard\"} 1\n"
                        "aims_hearings{state=\"decided\"} 0\n"
                        "# HELP aims_dockets_total Dockets known here, by who opened them.\n"
                        "# TYPE aims_dockets_total counter\n"
                        "aims_dockets_total{home=\"own\"} 1\n"
                        "aims_dockets_total{home=\"other\"} 0\n"
                        "# HELP aims_dockets_open Dockets without a certificate.\n"
                        "# TYPE aims_dockets_open gauge\n"
                        "aims_dockets_open 1\n"
                        "# HELP aims_conflicts_total Certificates kept that contradict the one"
                        " stored.\n"
                        "# TYPE aims_conflicts_total counter\n"
                        "aims_conflicts_total 0\n"
                        "# HELP aims_misconduct_total Proofs of misconduct kept, by kind.\n"
                        "# TYPE aims_misconduct_total counter\n"
                        "aims_misconduct_total{kind=\"E1\"} 0\n"
                        "aims_misconduct_total{kind=\"E2\"} 0\n"
                        "aims_misconduct_total{kind=\"E3\"} 1\n"
                        "aims_misconduct_total{kind=\"E4\"} 0\n"
                        "aims_misconduct_total{kind=\"E5\"} 0\n"
                        "aims_misconduct_total{kind=\"E6\"} 0\n"
                        "aims_misconduct_total{kind=\"E7\"} 0\n"
                        "aims_misconduct_total{kind=\"E8\"} 0\n"
                        "# HELP aims_seats Seats of the council.\n"
                        "# TYPE aims_seats gauge\n"
                        "aims_seats 5\n"
                        "# HELP aims_quorum_seats Seats that a decision takes.\n"
                        "# TYPE aims_quorum_seats gauge\n"
                        "aims_quorum_seats 4\n"
                        "# HELP aims_seat_up 1 for a seat that was heard of lately.\n"
                        "# TYPE aims_seat_up gauge\n"
                        "aims_seat_up{seat=\"0\"} 1\n"
                        "aims_seat_up{seat=\"1\"} 0\n"
                        "aims_seat_up{seat=\"2\"} 0\n"
                        "aims_seat_up{seat=\"3\"} 0\n"
                        "aims_seat_up{seat=\"4\"} 0\n");
    reply_finish(&reply);
}

static void what_is_not_there_or_not_allowed_is_said(void **state)
{
    static const char id[] = "/v1/cases/"
                             "00000000000000000000000000000000000000000000000000000000000000aa";
    static const char *const nowhere[] = {"/",
                                          "/v1/cases/",
                                          "/v1/cases/00aa",
                                          "/v1/bundles/",
                                          "/v1/council/",
                                          "//v1/council",
                                          "/v1/%63ouncil"};
    struct desk *desk = *state;
    struct call call = {.method = "GET"};
    char target[128];

    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        call.target = nowhere[i];
        expect(desk, &call, 404, "there is nothing at this path");
    }
    (void)snprintf(target, sizeof(target), "%s/report/more", id);
    call.target = target;
    expect(desk, &call, 404, "there is nothing at this path");
    call = (struct call){.method = "DELETE", .target = id};
    expect(desk, &call, 405, "Allow: GET\r\n");
    call = (struct call){.method = "GET", .target = "/v1/cases"};
    expect(desk, &call, 405, "Allow: POST\r\n");
    call = (struct call){.method = "get", .target = "/healthz"};
    expect(desk, &call, 405, "Allow: GET\r\n");
    (void)snprintf(target, sizeof(target), "/v1/bundles/%s", strrchr(id, '/') + 1);
    call = (struct call){.method = "GET", .target = target};
    expect(desk, &call, 405, "Allow: PUT, HEAD\r\n");
    call = (struct call){.method = "GET", .target = "/healthz?deep=1"};
    expect(desk, &call, 400, "takes no query");
    call = (struct call){
        .method = "GET", .target = "/healthz", .body = bytes_of_text("x"), .expects = true};
    expect(desk, &call, 400, "takes no body");

    static const char *const queries[] = {"?",           "?attempt=",           "?attempt=0",
                                          "?attempt=01", "?attempt=4294967296", "?attempt=1&x=2",
                                          "?x=1"};

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        (void)snprintf(target, sizeof(target), "%s%s", id, queries[i]);
        call = (struct call){.method = "GET", .target = target};
        expect(desk, &call, 400, "the query may only be");
    }
}

static void garbage_does_not_harm_the_server(void **state)
{
    static const char *const lines[] = {"\r\n\r\n",
                                        "\x16\x03\x01\x02\r\n\r\n",
                                        "GET\r\n\r\n",
                                        "GET /healthz\r\n\r\n",
                                        "POST /v1/cases HTTP/1.1\r\n\r\n",
                                        "GET http://council.example/healthz HTTP/1.1\r\n\r\n"};
    struct desk *desk = *state;
    struct call health = {.method = "GET", .target = "/healthz"};
    struct buffer text = {0};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int fd = dial(desk);

        assert_true(transmit(fd, bytes_of_text(lines[i])));
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        receive_to_end(fd, &text);
        (void)close(fd);
    }
    assert_null(strstr(buffer_text(&text), "200 OK"));
    buffer_clear(&text);

    /* More header fields than anybody needs. */
    buffer_append_text(&text, "GET /healthz HTTP/1.1\r\n");
    for (size_t i = 0; i < 4000; i++) {
        buffer_format(&text, "X-%zu: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    }
    buffer_append_text(&text, "\r\n");
    int fd = dial(desk);

    (void)transmit(fd, buffer_bytes(&text));
    buffer_clear(&text);
    receive_or_reset(fd, &text);
    assert_null(strstr(buffer_text(&text), "200 OK"));
    (void)close(fd);
    buffer_finish(&text);
    expect(desk, &health, 200, "ok\n");
}

static void it_says_why_it_cannot_start(void **state)
{
    static const char *const malformed[] = {
        "",     "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "council.example:80",
        "[::1]"};
    struct desk *desk = *state;
    struct http_options options = desk->options;
    struct http *http = NULL;
    struct error error;

    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        options.address = malformed[i];
        assert_false(http_open(&options, &http, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_non_null(strstr(error.message, "is no address to listen at"));
    }
    options.address = http_url(desk->http) + strlen("http://");
    assert_false(http_open(&options, &http, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_non_null(strstr(error.message, "cannot listen at 127.0.0.1:"));
    options = desk->options;
    options.roster_path = desk->store_path;
    assert_false(http_open(&options, &http, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    http_close(NULL);
    http_notify(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bundle_is_taken_once),
        TEST(an_upload_goes_on_where_it_broke_off),
        TEST(an_upload_is_refused_before_its_body_is_sent),
        TEST(only_listed_submitters_may_submit),
        TEST(a_file_that_is_no_bundle_for_this_council_is_refused_and_removed),
        TEST(a_case_is_accepted_once),
        TEST(a_malformed_case_is_refused),
        TEST(a_case_for_others_or_by_others_is_refused),
        TEST(a_catalogue_that_only_others_hear_is_refused),
        TEST(a_case_must_fit_its_bundle),
        TEST(no_more_cases_wait_than_are_allowed),
        TEST(the_body_of_a_case_must_be_the_one_that_was_signed),
        TEST(a_new_case_must_follow_the_last_certificate),
        TEST(a_result_that_only_another_coordinator_has_may_be_the_last),
        TEST(a_second_attempt_needs_an_inconclusive_certificate_of_the_first),
        TEST(the_conclusive_hearing_stands),
        TEST(of_hearings_without_conclusion_the_latest_that_was_heard_stands),
        TEST(a_case_that_was_submitted_elsewhere_is_followed_here),
        TEST(everybody_may_see_who_lied_and_those_concerned_the_proof),
        TEST(the_state_tells_how_far_the_council_is),
        TEST(results_are_given_as_they_were_certified),
        TEST(for_others_a_case_is_not_there),
        TEST(a_follower_is_told_every_change_and_then_the_stream_ends),
        TEST(a_docket_that_has_left_the_board_is_looked_up_again),
        TEST(a_decided_case_is_told_at_once),
        TEST(all_followers_are_woken),
        TEST(no_change_is_slept_through),
        TEST(a_quiet_stream_beats),
        TEST(streams_end_when_the_server_does),
        TEST(a_slow_client_holds_up_nobody),
        TEST(everybody_may_see_the_roster_and_the_status),
        TEST(it_is_ready_when_a_quorum_is_up),
        TEST(metrics_are_as_prometheus_wants_them),
        TEST(what_is_not_there_or_not_allowed_is_said),
        TEST(garbage_does_not_harm_the_server),
        TEST(it_says_why_it_cannot_start),
    };

    return cmocka_run_group_tests_name("coordinator/http", tests, NULL, NULL);
}

#include "proto/wire.h"

#include "base/check.h"

/* Memory one repeated element takes beside its own bytes: its struct, a pointer, rounding, and what
 * protobuf-c notes while it scans. Measured: less than 160. */
#define ELEMENT_SIZE 256
#define MESSAGE_SIZE 4096 /* The same for the message around them. */

#define ROUNDING 16 /* What the arena rounds every allocation up to. */

struct budget {
    struct arena *arena;
    size_t left;
    bool is_spent;
};

static void *budget_alloc(void *data, size_t size)
{
    struct budget *budget = data;
    size_t rounded = size > budget->left ? size : ((size | 1) + ROUNDING - 1) / ROUNDING * ROUNDING;
    void *memory = rounded > budget->left ? NULL : arena_alloc(budget->arena, size);

    if (memory == NULL) {
        budget->is_spent = true;
        return NULL;
    }
    budget->left -= rounded;
    return memory;
}

/* The arena gives everything back at once. */
static void budget_free(void *data, void *memory)
{
    (void)data;
    (void)memory;
}

void *wire_unpack(const struct wire_shape *shape, struct bytes bytes, struct arena *arena,
                  struct error *error)
{
    const char *name = shape->descriptor->short_name;
    struct budget budget = {
        .arena = arena,
        .left = bytes.size + MESSAGE_SIZE + shape->count_max * ELEMENT_SIZE,
    };
    ProtobufCAllocator allocator = {
        .alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};

    if (bytes.size > shape->size_max) {
        error_record(error, ERROR_LIMIT, "%s is %zu bytes, want at most %zu", name, bytes.size,
                     shape->size_max);
        return NULL;
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(shape->descriptor, &allocator, bytes.size, bytes.data);

    if (message == NULL && budget.is_spent) {
        error_record(error, ERROR_LIMIT, "%s of %zu bytes unpacks into more memory than allowed",
                     name, bytes.size);
        return NULL;
    }
    if (message == NULL) {
        error_record(error, ERROR_INVALID, "%s of %zu bytes is malformed", name, bytes.size);
        return NULL;
    }
    return wire_known(message, error) ? message : NULL;
}

bool wire_known(const ProtobufCMessage *message, struct error *error)
{
    if (message->n_unknown_fields > 0) {
        return error_set(error, ERROR_INVALID, "%s has the unknown field %u",
                         message->descriptor->short_name, (unsigned)message->unknown_fields[0].tag);
    }
    return true;
}

bool wire_number(uint64_t value, uint64_t min, uint64_t max, const char *what, struct error *error)
{
    if (value < min || value > max) {
        return error_set(error, ERROR_INVALID, "%s is %llu, want %llu to %llu", what,
                         (unsigned long long)value, (unsigned long long)min,
                         (unsigned long long)max);
    }
    return true;
}

bool wire_count(size_t count, size_t min, size_t max, const char *what, struct error *error)
{
    if (count < min || count > max) {
        return error_set(error, count > max ? ERROR_LIMIT : ERROR_INVALID,
                         "%s has %zu elements, want %zu to %zu", what, count, min, max);
    }
    return true;
}

bool wire_fixed(ProtobufCBinaryData field, size_t size, const char *what, uint8_t *out,
                struct error *error)
{
    if (field.len != size) {
        return error_set(error, ERROR_INVALID, "%s is %zu bytes, want %zu", what, field.len, size);
    }
    memcpy(out, field.data, size);
    return true;
}

bool wire_digest(ProtobufCBinaryData field, const char *what, struct digest *out,
                 struct error *error)
{
    return wire_fixed(field, DIGEST_SIZE, what, out->data, error);
}

bool wire_bytes(ProtobufCBinaryData field, size_t size_max, const char *what, struct bytes *out,
                struct error *error)
{
    if (field.len > size_max) {
        return error_set(error, ERROR_LIMIT, "%s is %zu bytes, want at most %zu", what, field.len,
                         size_max);
    }
    *out = bytes_of(field.data, field.len);
    return true;
}

void *wire_array(struct arena *arena, size_t count, size_t size, struct error *error)
{
    void *array = arena_array(arena, count, size);

    if (array == NULL) {
        error_record(error, ERROR_LIMIT, "no room for %zu elements of %zu bytes", count, size);
    }
    return array;
}

bool wire_signed(struct wire_signed list, const char *what, struct arena *arena,
                 struct message_signed **out, struct error *error)
{
    struct message_signed *array = wire_array(arena, list.count, sizeof(*array), error);

    if (array == NULL) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        const Aims__Signed *item = list.items[i];

        if (!wire_known(&item->base, error) ||
            !wire_bytes(item->payload, list.payload_max, "payload", &array[i].payload, error) ||
            !wire_fixed(item->signature, MESSAGE_SIGNATURE_SIZE, "signature", array[i].signature,
                        error)) {
            return error_wrap(error, "%s %zu", what, i);
        }
    }
    *out = array;
    return true;
}

struct sink {
    ProtobufCBuffer base; /* First: protobuf-c hands its address back. */
    struct buffer *out;
};

static void sink_append(ProtobufCBuffer *base, size_t size, const uint8_t *data)
{
    buffer_append(((struct sink *)(void *)base)->out, data, size);
}

void wire_pack(const ProtobufCMessage *message, struct buffer *out)
{
    struct sink sink = {.base = {.append = sink_append}, .out = out};

    (void)protobuf_c_message_pack_to_buffer(message, &sink.base);
}

ProtobufCBinaryData wire_view(struct bytes bytes)
{
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)bytes.data};
}

ProtobufCBinaryData wire_view_digest(const struct digest *digest)
{
    return wire_view(bytes_of(digest->data, DIGEST_SIZE));
}

Aims__Signed **wire_view_signed(const struct message_signed *list, size_t count,
                                struct arena *arena)
{
    Aims__Signed *items = arena_array(arena, count, sizeof(*items));
    Aims__Signed **pointers = arena_array(arena, count, sizeof(*pointers));

    CHECK(items != NULL);
    CHECK(pointers != NULL);
    for (size_t i = 0; i < count; i++) {
        aims__signed__init(&items[i]);
        items[i].payload = wire_view(list[i].payload);
        items[i].signature = wire_view(bytes_of(list[i].signature, MESSAGE_SIGNATURE_SIZE));
        pointers[i] = &items[i];
    }
    return pointers;
}

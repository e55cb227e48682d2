#include "sim/trace.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/objects.h"

const char *trace_name(const struct model *model, uint16_t node, char *text, size_t size)
{
    if (node == MODEL_CLIENT) {
        (void)snprintf(text, size, "client");
    } else {
        (void)snprintf(text, size, "%s %u%s", model->nodes[node].is_seat ? "seat" : "chair",
                       model->nodes[node].number, node >= model->identity_count ? " (twin)" : "");
    }
    return text;
}

static void mix(struct model *model, uint64_t word)
{
    model->report->hash = objects_mix(model->report->hash, word);
}

static void write_docket(struct model *model, uint32_t docket)
{
    if (docket != 0) {
        buffer_format(model->trace, " d%u", docket);
    }
}

/* What a message is about, in one word or two. */
static void write_object(struct model *model, const struct queue_item *item)
{
    const struct deed *deed = NULL;

    switch (item->kind) {
    case QUEUE_PROPOSE:
        deed = item->flags == 0 ? objects_deed(model, item->object) : NULL;
        break;
    case QUEUE_PREPARE:
    case QUEUE_COMMIT:
    case QUEUE_NEW_VIEW:
        deed = objects_deed(model, item->object);
        break;
    case QUEUE_CERTIFY:
        buffer_format(
            model->trace, " v%u %04x", objects_qc(model, item->object)->view,
            (unsigned)(objects_value(model, objects_qc(model, item->object)->value)->hash >> 48));
        return;
    case QUEUE_DECIDE:
        buffer_format(
            model->trace, " v%u %04x", objects_certificate(model, item->object)->view,
            (unsigned)(objects_value(model, objects_certificate(model, item->object)->value)
                           ->hash >>
                       48));
        return;
    case QUEUE_TC:
        buffer_format(model->trace, " v%u", objects_tc(model, item->object)->view);
        return;
    default:
        return;
    }
    if (deed != NULL) {
        buffer_format(model->trace, " v%u", deed->view);
        if (deed->kind == ACT_NEW_VIEW && deed->qc_view != 0) {
            buffer_format(model->trace, " qc v%u", deed->qc_view);
        } else if (deed->value != 0) {
            buffer_format(model->trace, " %04x",
                          (unsigned)(objects_value(model, deed->value)->hash >> 48));
        }
    }
}

void trace_event(struct model *model, const struct queue_item *item)
{
    char name[TRACE_NAME_SIZE];

    mix(model, model->now_us);
    mix(model, (uint64_t)item->kind << 56 ^ (uint64_t)item->from << 40 ^ (uint64_t)item->to << 24 ^
                   item->docket);
    mix(model, (uint64_t)item->object << 32 ^ item->flags);
    if (model->trace == NULL) {
        return;
    }
    buffer_format(model->trace, "[%6" PRIu64 ".%03u] ", model->now_us / 1000,
                  (unsigned)(model->now_us % 1000));
    buffer_append_text(model->trace, trace_name(model, item->to, name, sizeof(name)));
    buffer_format(model->trace, " < %s", queue_kind_name((enum queue_kind)item->kind));
    write_docket(model, item->docket);
    write_object(model, item);
    if (item->from != item->to) {
        buffer_format(model->trace, " from %s", trace_name(model, item->from, name, sizeof(name)));
    }
    buffer_append_byte(model->trace, '\n');
}

void trace_action(struct model *model, uint16_t node, const char *name, unsigned code,
                  uint32_t docket, const struct seat_vote *vote)
{
    char who[TRACE_NAME_SIZE];

    mix(model, (uint64_t)code << 48 ^ (uint64_t)node << 32 ^ docket);
    if (vote != NULL) {
        mix(model, (uint64_t)vote->view << 32 ^ objects_number(&vote->value));
    }
    if (model->trace == NULL) {
        return;
    }
    buffer_format(model->trace, "             %s > %s", trace_name(model, node, who, sizeof(who)),
                  name);
    write_docket(model, docket);
    if (vote != NULL && vote->view != 0) {
        buffer_format(model->trace, " v%u", vote->view);
        if (!digest_is_zero(&vote->value)) {
            buffer_format(model->trace, " %02x%02x", vote->value.data[0], vote->value.data[1]);
        }
    }
    buffer_append_byte(model->trace, '\n');
}

#include "sim/faults.h"

#include "base/check.h"
#include "sim/network.h"

bool faults_send(struct model *model, uint16_t number, struct queue_item *item)
{
    struct node *node = &model->nodes[number];
    const struct setup_fault *fault;

    if (node->is_mute || model_fault(model, node, SETUP_SILENT) != NULL) {
        return false;
    }
    fault = model_fault(model, node, SETUP_LATE);
    if (fault != NULL) {
        network_send_late(model, item, fault->value);
        return false;
    }
    return true;
}

void faults_init(struct model *model)
{
    (void)model;
}

bool faults_seat_deliver(struct model *model, uint16_t node, const struct queue_item *item)
{
    (void)model, (void)node, (void)item;
    return false;
}

bool faults_seat_perform(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct seat_action *action)
{
    (void)model, (void)node, (void)seat, (void)action;
    return false;
}

bool faults_chair_deliver(struct model *model, uint16_t node, const struct queue_item *item)
{
    (void)model, (void)node, (void)item;
    return false;
}

bool faults_chair_perform(struct model *model, uint16_t node, struct chair_docket *chair,
                          const struct chair_action *action)
{
    (void)model, (void)node, (void)chair, (void)action;
    return false;
}

uint16_t faults_chair_book(struct model *model, uint16_t node, const struct chair_docket *chair,
                           uint32_t *list, uint16_t count)
{
    (void)model, (void)node, (void)chair, (void)list;
    return count;
}

struct seat_set faults_chair_reports(struct model *model, uint16_t node,
                                     const struct chair_docket *chair, struct seat_set seats)
{
    (void)model, (void)node, (void)chair;
    return seats;
}

#ifndef COORDINATOR_ATTENDANCE_H
#define COORDINATOR_ATTENDANCE_H

/* Seats come and go. One that is back is told what it may have missed: the dockets in memory, and
 * the certificates of those that left it, a batch at a time. */

#include "coordinator/coordinator.h"

#define ATTENDANCE_BATCH_MAX 64 /* Certificates from the store that a seat is sent at once. */

void attendance_hello(struct coordinator *coordinator, uint8_t seat, const struct message *message);
void attendance_ping(struct coordinator *coordinator, uint8_t seat);

/* SEAT has stored the certificate of a docket that left memory. */
void attendance_done(struct coordinator *coordinator, uint8_t seat);

/* Sends the certificate of DOCKET; false when the store has none. */
bool attendance_send_certificate(struct coordinator *coordinator, uint8_t seat,
                                 const struct digest *docket);

/* Notices who is silent, and greets who waits for it. */
void attendance_tick(struct coordinator *coordinator);

/* Seats that are there. */
uint8_t attendance_count(const struct coordinator *coordinator);

/* Tells the board. */
void attendance_pin_up(struct coordinator *coordinator);

#endif

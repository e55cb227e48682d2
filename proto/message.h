#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

/* Every message of the council protocol as plain C, and its limits (docs/PROTOCOL.md 3).
 *
 * Signed payloads are protobuf (proto/council.proto), except COMMIT, whose payload is the in-toto
 * statement. Bytes are verified as they were sent and decoded once afterwards; nothing is packed
 * again to be compared. A payload never holds the signer's seat where all seats sign the same bytes
 * (PREPARE, COMMIT): the seat stands beside it and is proved by the key.
 *
 * Answers travel by digest. A verdict names one SHEET per case by its SHA-256; the sheets travel
 * beside the verdicts, each distinct one once. So a book of 33 like-minded verdicts is 33 small
 * signed messages and one sheet per case.
 *
 * All struct bytes point into the frame or the arena that was given to the decoder. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define MESSAGE_VERSION 1 /* Of frames and payloads; another one is refused. */

#define MESSAGE_SEATS_MAX        127
#define MESSAGE_COORDINATORS_MAX 7
#define MESSAGE_CASES_MAX        256 /* Of one docket. */
#define MESSAGE_CRITERIA_MAX     400 /* Of one catalogue. */
#define MESSAGE_SIGNATURE_SIZE   64
#define MESSAGE_KEY_SIZE         32
#define MESSAGE_CERTIFICATE_MAX  (512 * 1024)       /* Bytes of a DSSE certificate. */
#define MESSAGE_STATEMENT_MAX    (256 * 1024)       /* Bytes of a statement. */
#define MESSAGE_SHEET_MAX        (16 * 1024)        /* Bytes of an encoded sheet. */
#define MESSAGE_PART_MAX         (1024 * 1024)      /* Bytes of bundle in one ITEM. */
#define MESSAGE_PAPERS_MAX       (8 * 1024 * 1024)  /* Bytes of one sealed working paper. */
#define MESSAGE_FRAME_MAX        (96 * 1024 * 1024) /* Bytes of a frame: the largest PROPOSE. */

/* Payload types for PAE: one per kind of signed payload. */
#define MESSAGE_TYPE_HEADER    "application/vnd.aims-council.header.v1"
#define MESSAGE_TYPE_DOCKET    "application/vnd.aims-council.docket.v1"
#define MESSAGE_TYPE_VERDICT   "application/vnd.aims-council.verdict.v1"
#define MESSAGE_TYPE_PROPOSE   "application/vnd.aims-council.propose.v1"
#define MESSAGE_TYPE_PREPARE   "application/vnd.aims-council.prepare.v1"
#define MESSAGE_TYPE_NEW_VIEW  "application/vnd.aims-council.new-view.v1"
#define MESSAGE_TYPE_STATEMENT "application/vnd.in-toto+json"

/* A payload and its signature, as sent. */
struct message_signed {
    struct bytes payload;
    uint8_t signature[MESSAGE_SIGNATURE_SIZE];
};

/* One seat's signature on a payload that all seats share. */
struct message_vote {
    uint8_t seat;
    uint8_t signature[MESSAGE_SIGNATURE_SIZE];
};

/* What a submitter signs to have a case heard: payload of MESSAGE_TYPE_HEADER. */
struct message_header {
    struct digest roster;
    struct digest manifest; /* Manifest digest of the bundle: what the case is about. */
    struct digest bundle;   /* SHA-256 of the bundle file: what is stored and fetched. */
    uint64_t bundle_size;   /* Bytes of that file. */
    struct digest catalog;
    uint8_t signing[MESSAGE_KEY_SIZE]; /* The submitter's public keys. */
    uint8_t sealing[MESSAGE_KEY_SIZE];
    uint32_t attempt;     /* From 1. */
    uint8_t home;         /* Coordinator that is to open the docket. */
    struct bytes earlier; /* attempt > 1: a certificate of attempt - 1; else empty. */
};

/* Payload of MESSAGE_TYPE_DOCKET; docket id = SHA-256 of the payload bytes. */
struct message_docket {
    struct digest roster;
    struct digest catalog;
    uint8_t home;
    uint64_t as_of;                 /* Unix seconds. */
    uint64_t serial;                /* From 1; one docket per serial and home. */
    size_t case_count;              /* 1 .. MESSAGE_CASES_MAX. */
    struct message_signed *headers; /* case_count, in the order of the docket. */
    struct message_header *cases;   /* The same, decoded. */
};

/* Why a seat gives no answers for a hearing. The numbers are on the wire. */
enum message_reason {
    MESSAGE_ASSESSED = 0,     /* It does: a sheet follows. */
    MESSAGE_NO_BUNDLE = 1,    /* No chair had it in time, or its digest was wrong. */
    MESSAGE_BAD_BUNDLE = 2,   /* It cannot be opened: not sealed to this seat, altered, hostile. */
    MESSAGE_BAD_EVIDENCE = 3, /* It opened but did not pass the checks of the schema. */
    MESSAGE_TOO_LATE = 4,     /* The assessment deadline passed. */
    MESSAGE_CRASHED = 5,      /* The assessor died on it again and again. */
    MESSAGE_LIMIT = 6,        /* The assessor met its memory or processor limit. */
    MESSAGE_CLOCK = 7,        /* as_of is too far from the seat's clock. */
    MESSAGE_BOUND = 8,        /* Bound elsewhere: the docket is named. */
    MESSAGE_CONCLUDED = 9,    /* A certificate already stands: its docket is named. */
    MESSAGE_REASON_COUNT
};

/* One hearing in a verdict. */
struct message_entry {
    enum message_reason reason;
    struct digest
        digest; /* MESSAGE_ASSESSED: of the sheet; MESSAGE_BOUND and MESSAGE_CONCLUDED: the
                             docket; else zero. */
};

/* Payload of MESSAGE_TYPE_VERDICT. */
struct message_verdict {
    struct digest roster;
    struct digest docket;
    uint8_t seat;
    struct digest ruleset;
    uint64_t assessed_at; /* Unix seconds. */
    size_t entry_count;   /* The docket's case_count. */
    struct message_entry *entries;
};

/* What the assessment is for, as the bundle says. The numbers are on the wire. */
enum message_purpose {
    MESSAGE_PURPOSE_UNKNOWN = 0,
    MESSAGE_PURPOSE_INITIAL = 1,
    MESSAGE_PURPOSE_SURVEILLANCE = 2,
    MESSAGE_PURPOSE_RECERTIFICATION = 3,
    MESSAGE_PURPOSE_INTERNAL = 4,
    MESSAGE_PURPOSE_COUNT
};

/* A seat's answers to one case, content-addressed: digest = SHA-256 of the encoded bytes. */
struct message_sheet {
    uint8_t purpose;             /* enum message_purpose: facts of the evidence, by which the */
    uint32_t period_end;         /* report judges its age. Days since 1970-01-01, 0 = unknown. */
    size_t criterion_count;      /* 1 .. MESSAGE_CRITERIA_MAX. */
    const uint8_t *answers;      /* criterion_count values of enum answer. */
    const struct digest *papers; /* criterion_count keyed digests of the working paper's rows. */
};

/* Payload of MESSAGE_TYPE_PROPOSE. */
struct message_propose {
    struct digest roster;
    struct digest docket;
    uint32_t view; /* From 1. */
    struct digest book;
    struct digest value; /* D */
    struct digest tc;    /* SHA-256 of the TC bytes; zero in view 1. */
};

/* Payload of MESSAGE_TYPE_PREPARE. */
struct message_prepare {
    struct digest roster;
    struct digest docket;
    uint32_t view;
    struct digest value;
    struct digest tc;
};

/* Payload of MESSAGE_TYPE_NEW_VIEW. */
struct message_new_view {
    struct digest roster;
    struct digest docket;
    uint32_t view;          /* Wanted. */
    uint32_t qc_view;       /* Of the highest QC held; 0 = none. */
    struct digest qc_value; /* Its D; zero when none. */
};

/* A quorum certificate: PREPARE signatures on one payload. */
struct message_qc {
    struct bytes payload; /* Of MESSAGE_TYPE_PREPARE. */
    size_t vote_count;
    struct message_vote *votes;
};

/* A timeout certificate: NEW-VIEW signatures for one view and the highest QC among them. */
struct message_tc {
    uint32_t view;
    size_t report_count;
    struct message_signed *reports; /* Payloads of MESSAGE_TYPE_NEW_VIEW. */
    uint8_t *seats;                 /* Signer of each report. */
    struct bytes qc;                /* Encoded QC; empty when no report has one. */
};

/* Verdicts with the sheets they name: in a VERDICT one verdict, in a PROPOSE the book. */
struct message_book {
    size_t verdict_count;
    struct message_signed *verdicts; /* In seat order. */
    size_t sheet_count;
    struct bytes *sheets; /* Encoded, each distinct one once. */
};

enum message_kind {
    MESSAGE_HELLO = 1, /* First on every connection, both ways. */
    MESSAGE_PING,      /* Own heartbeat; answered by PONG. */
    MESSAGE_PONG,
    MESSAGE_ASSIGN,
    MESSAGE_VERDICT,
    MESSAGE_PROPOSE,
    MESSAGE_PREPARE,
    MESSAGE_CERTIFY,
    MESSAGE_COMMIT,
    MESSAGE_DECIDE,
    MESSAGE_DONE,
    MESSAGE_NEW_VIEW,
    MESSAGE_TC,
    MESSAGE_FETCH,
    MESSAGE_ITEM,
    MESSAGE_KIND_COUNT
};

/* What FETCH asks for and ITEM brings. */
enum message_item {
    MESSAGE_ITEM_BUNDLE = 1,  /* Part of a bundle file; digest = of the file. */
    MESSAGE_ITEM_DOCKET,      /* digest = docket id; an ASSIGN frame comes back. */
    MESSAGE_ITEM_VALUE,       /* digest = D; the PROPOSE frame behind it comes back. */
    MESSAGE_ITEM_VERDICT,     /* digest = docket id; the seat's VERDICT frame comes back. */
    MESSAGE_ITEM_CERTIFICATE, /* digest = docket id; a DECIDE frame comes back. */
    MESSAGE_ITEM_PAPERS,      /* digest = docket id, index = hearing: the sealed working papers. */
    MESSAGE_ITEM_OWN,         /* digest = docket id: all that the asking seat itself signed. */
    MESSAGE_ITEM_COUNT
};

/* One frame on the wire. Which members count depends on KIND. */
struct message {
    enum message_kind kind;
    union {
        struct {
            uint32_t version;
            struct digest roster;
            uint8_t index; /* Seat or coordinator. */
            bool is_seat;
            uint64_t clock_ms;    /* Unix milliseconds of the sender. */
            struct bytes program; /* Its version, at most 64 printable ASCII characters. */
        } hello;
        struct {
            uint64_t clock_ms;
        } ping; /* And PONG. */
        struct {
            struct message_signed docket;
        } assign;
        struct message_book verdict; /* Exactly one verdict. */
        struct {
            struct message_signed propose;
            struct message_book book;
            struct bytes tc; /* Encoded; empty in view 1. */
        } propose;
        struct {
            struct bytes payload; /* PREPARE payload, or for COMMIT the statement. */
            struct message_vote vote;
        } prepare, commit;
        struct bytes certify; /* Encoded QC. */
        struct {
            struct digest docket;
            struct bytes certificate; /* DSSE envelope. */
        } decide;
        struct {
            struct digest docket;
            struct digest value;
        } done;
        struct {
            struct message_signed report;
            uint8_t seat;
            struct bytes qc; /* Encoded highest QC; empty when none. */
            struct bytes tc; /* Encoded TC of the sender's view; empty in view 1. */
        } new_view;
        struct {
            struct digest docket;
            struct bytes tc; /* Encoded. */
        } tc;
        struct {
            enum message_item item;
            struct digest digest;
            uint32_t index;
            uint64_t offset;
        } fetch;
        struct {
            enum message_item item;
            struct digest digest;
            uint32_t index;
            uint64_t offset;
            uint64_t total_size; /* Of the whole item; 0 = the sender has not got it. */
            struct bytes data;
        } item;
    };
};

#endif

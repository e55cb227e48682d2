/* One docket of the council, for spin to search exhaustively: agreement (P1), one vote a view, none
 * for a view that was given up, and no honest seat that is provably guilty (P6).
 *
 * The state is what the honest seats have signed. Chairs and network are one adversary: it has
 * every message from the moment it is sent, loses, repeats, reorders and combines as it likes, and
 * says whose timer runs out. Faulty seats have signed everything. The rules cited, S2 and so on,
 * are those of docs/PROTOCOL.md; why each abstraction is sound stands in model/README.md.
 *
 * Switches: SEATS, FAULTY, VIEWS; SEND_APART, a crash may fall between storing and sending;
 * LOCK_LATE, seats keep QCs that came too late; one WRONG_... that breaks a rule; LOST, messages
 * that the store loses in a restart; ASSERT_AGREEMENT, ASSERT_HONESTY, ASSERT_UNREACHED, what is
 * asserted. scripts/model.sh runs the combinations. */

#if FAULTY < 1 || VIEWS < 1 || VIEWS > 4 || SEATS - FAULTY < 3 || SEATS - FAULTY > 7
#error "FAULTY is at least 1, VIEWS 1 to 4 (a seat's messages fill an int), SEATS - FAULTY 3 to 7"
#endif

#define HONEST (SEATS - FAULTY)

/* Section 1. */
#if defined(WRONG_QUORUM_2F1)
#define QUORUM (2 * FAULTY + 1)
#elif defined(WRONG_QUORUM_MAJORITY)
#define QUORUM (SEATS / 2 + 1)
#else
#define QUORUM ((SEATS + FAULTY) / 2 + 1)
#endif

/* Seats are counted, not signatures. */
#ifdef WRONG_COUNT_SIGNATURES
#define FAULTY_VOTES (2 * FAULTY)
#else
#define FAULTY_VOTES FAULTY
#endif

/* A seat's messages are the bits of an int:
 *
 *   PREPARE(1..VIEWS, d)   COMMIT(1..VIEWS, d)   NEW_VIEW(2, 0..2)   NEW_VIEW(3, 0..4)   ...
 *
 * The value d is 0 or 1. REPORT is what a NEW-VIEW says of the highest QC: 0 for none, else one
 * more than the QC's BALLOT. A NEW-VIEW for w can make 2w - 1 different reports. */
#define BALLOT(v, d) (2 * ((v) - 1) + (d))
#define PREPARE(v, d) (1 << BALLOT(v, d))
#define COMMIT(v, d) (1 << (2 * VIEWS + BALLOT(v, d)))
#define NEW_VIEW_BIT(w) (4 * VIEWS + (w) * ((w) - 2))
#define NEW_VIEW(w, report) (1 << (NEW_VIEW_BIT(w) + (report)))
#define REPORTED_VIEW(report) (((report) + 1) / 2)

#define PREPARES ((1 << (2 * VIEWS)) - 1)
#define COMMITS (PREPARES << (2 * VIEWS))
#define NEW_VIEWS (~(PREPARES | COMMITS))
#define NEW_VIEWS_FOR(w) (((1 << (2 * (w) - 1)) - 1) << NEW_VIEW_BIT(w))
#define NEW_VIEWS_ABOVE(v) ((v) >= VIEWS -> 0 : ~((1 << NEW_VIEW_BIT((v) + 1)) - 1))
#define REPORTS_BELOW(v) ((v) < 1 -> 0 : (1 << (2 * (v) - 1)) - 1)

/* The honest seats, ordered by what they sent, so that states that differ in seat numbers only are
 * one. A seat goes on from its store alone (S2, S3, S4: durable before sent, looked up before
 * signed). */
int sent[HONEST];  /* What the adversary has of the seat. */
byte view[HONEST]; /* The highest that the seat voted in. */
#if LOST || defined(SEND_APART)
#define HAS_STORE
int kept[HONEST]; /* What the seat's store has. */
#define KEPT(s) kept[s]
#define SIGNED(s) (sent[s] | kept[s])
#else
#define KEPT(s) sent[s]
#define SIGNED(s) sent[s]
#endif

/* What the adversary can make of it, one bit for each BALLOT. */
#define OF_VALUE(d) (85 << (d)) /* The ballots of one value: every second bit. */
byte quorums;   /* QCs. */
byte justified; /* Proposals with a TC that S2 accepts, and all of view 1. */
byte certified; /* Certificates. */

/* Not part of the state: used within one step, and to call a seat by one name in a trail. */
hidden byte place;
hidden byte report;
hidden int held;
hidden byte name[HONEST];

/* How many honest seats sent one of MESSAGES. */
#define SENT(s, messages) ((sent[s] & (messages)) != 0)
#if SEATS - FAULTY == 3
#define SENDERS(m) (SENT(0, m) + SENT(1, m) + SENT(2, m))
#elif SEATS - FAULTY == 4
#define SENDERS(m) (SENT(0, m) + SENT(1, m) + SENT(2, m) + SENT(3, m))
#elif SEATS - FAULTY == 5
#define SENDERS(m) (SENT(0, m) + SENT(1, m) + SENT(2, m) + SENT(3, m) + SENT(4, m))
#elif SEATS - FAULTY == 6
#define SENDERS(m) (SENT(0, m) + SENT(1, m) + SENT(2, m) + SENT(3, m) + SENT(4, m) + SENT(5, m))
#else
#define SENDERS(m) \
    (SENT(0, m) + SENT(1, m) + SENT(2, m) + SENT(3, m) + SENT(4, m) + SENT(5, m) + SENT(6, m))
#endif
#define IS_QUORUM(m) (SENDERS(m) + FAULTY_VOTES >= QUORUM)

/* C4: a QC is q PREPAREs on one view and value. */
inline collect_quorum(v, d)
{
    if
    :: IS_QUORUM(PREPARE(v, d)) -> quorums = quorums | 1 << BALLOT(v, d)
    :: else
    fi
}

/* C4: a certificate is q COMMITs on one statement, which holds the view. */
#ifdef WRONG_COMMIT_WITHOUT_VIEW
#define COMMITS_OF(v, d) (COMMITS & OF_VALUE(d) << (2 * VIEWS))
#else
#define COMMITS_OF(v, d) COMMIT(v, d)
#endif
inline collect_certificate(v, d)
{
    if
    :: IS_QUORUM(COMMITS_OF(v, d)) -> certified = certified | 1 << BALLOT(v, d)
    :: else
    fi
}

/* C5 and section 3: a TC for w is q NEW-VIEWs for w, with the QC that the highest of them reports,
 * and no other value reported for that QC's view. S2: its QC's value is the only one that may be
 * proposed; without a QC, any. A faulty seat reports the QC that the adversary wants to show. */
#if defined(WRONG_REPORT_UNSIGNED)
#define REPORTS_FITTING(w, report) (NEW_VIEWS_FOR(w) >> NEW_VIEW_BIT(w))
#elif defined(WRONG_TC_MIXED)
#define REPORTS_FITTING(w, report) REPORTS_BELOW(REPORTED_VIEW(report) + 1)
#else
#define REPORTS_FITTING(w, report) (REPORTS_BELOW(REPORTED_VIEW(report)) | 1 << (report))
#endif
#ifdef WRONG_TC_OF_FEW
#define IS_TIMEOUT(m) (SENDERS(m) > 0) /* f + 1, which S5 asks for, not q. */
#else
#define IS_TIMEOUT(m) IS_QUORUM(m)
#endif
#define HAS_TC(w, report) IS_TIMEOUT(REPORTS_FITTING(w, report) << NEW_VIEW_BIT(w))
inline collect_timeout(w)
{
    if
    :: HAS_TC(w, 0) -> justified = justified | 3 << BALLOT(w, 0)
    :: else
    fi;
    report = 1;
    do
    :: report > 2 * ((w) - 1) -> break
    :: else ->
        if
        :: quorums & 1 << (report - 1) && HAS_TC(w, report) ->
#ifdef WRONG_PROPOSAL_UNBOUND
            justified = justified | 3 << BALLOT(w, 0)
#else
            justified = justified | 1 << BALLOT(w, (report - 1) % 2)
#endif
        :: else
        fi;
        report++
    od
}

#ifdef HAS_STORE
#define IS_AFTER(s, t) (sent[s] > sent[t] || sent[s] == sent[t] && \
    (kept[s] > kept[t] || kept[s] == kept[t] && view[s] > view[t]))
#else
#define IS_AFTER(s, t) (sent[s] > sent[t])
#endif

#define SWAP(array, s, t) held = array[s]; array[s] = array[t]; array[t] = held

inline order(s, t)
{
    if
    :: IS_AFTER(s, t) ->
        SWAP(sent, s, t);
        SWAP(view, s, t);
#ifdef HAS_STORE
        SWAP(kept, s, t);
#endif
        SWAP(name, s, t)
    :: else
    fi
}

/* For ASSERT_UNREACHED: what must be possible, lest all that is proved here be about nothing. The
 * first certificate in the last view; QCs with different values; a certificate against the QC of
 * view 1. */
#define DECIDED_LATE (certified == 1 << BALLOT(VIEWS, 0))
#define DIFFERENT_QUORUMS (quorums & OF_VALUE(0) && quorums & OF_VALUE(1))
#define DECIDED_OTHERWISE (quorums & 1 << BALLOT(1, 0) && certified & 1 << BALLOT(VIEWS, 1))

/* One seat has moved: order the seats again, which takes one pass up and one down. */
inline order_seats()
{
    for (place : 0 .. HONEST - 2) {
        order(place, place + 1)
    }
    place = HONEST - 1;
    do
    :: place == 0 -> break
    :: else ->
        order(place - 1, place);
        place--
    od;
    held = 0 /* A d_step may not end in a loop. */
}

inline collect_view(v)
{
    collect_quorum(v, 0);
    collect_quorum(v, 1);
    collect_certificate(v, 0);
    collect_certificate(v, 1)
}

inline collect()
{
    collect_view(1);
#if VIEWS >= 2
    collect_timeout(2);
    collect_view(2);
#endif
#if VIEWS >= 3
    collect_timeout(3);
    collect_view(3);
#endif
#if VIEWS >= 4
    collect_timeout(4);
    collect_view(4);
#endif
#ifdef ASSERT_AGREEMENT
    assert(!(certified & OF_VALUE(0)) || !(certified & OF_VALUE(1))) /* P1 */
#endif
#ifdef ASSERT_UNREACHED
    assert(!(ASSERT_UNREACHED))
#endif
}

inline keep_and_send(s, message)
{
#ifdef HAS_STORE
    kept[s] = kept[s] | message;
#endif
#ifndef SEND_APART
    sent[s] = sent[s] | message
#endif
}

/* Neither has the seat entered a later view, nor asked for one (S2, S3, S4). */
#define IS_IN_VIEW(s, v) (view[s] <= (v) && !(KEPT(s) & NEW_VIEWS_ABOVE(v)))

/* The values' names are free: the first to be prepared is called 0. */
#ifdef SEND_APART
#define IS_NAMED(d) true
#else
#define IS_NAMED(d) ((d) == 0 || SENDERS(PREPARES) > 0)
#endif

/* S2. The lock is not consulted. */
#define MAY_PREPARE(s, v, d) (IS_IN_VIEW(s, v) \
    && !(KEPT(s) & (PREPARE(v, 0) | PREPARE(v, 1))) \
    && justified & 1 << BALLOT(v, d) \
    && IS_NAMED(d))

inline sign_prepare(s, v, d)
{
    printf("seat %d: PREPARE in view %d on value %d\n", name[s], v, d);
#ifdef ASSERT_HONESTY
    assert(!(SIGNED(s) & PREPARE(v, 1 - (d)))); /* E1 */
    assert(!(SIGNED(s) & NEW_VIEWS_ABOVE(v)));  /* S4 */
#endif
    view[s] = v;
    keep_and_send(s, PREPARE(v, d))
}

/* S3. What the seat itself prepared does not count. */
#ifdef WRONG_COMMIT_AFTER_NEW_VIEW
#define MAY_STILL_COMMIT(s, v) (view[s] <= (v))
#else
#define MAY_STILL_COMMIT(s, v) IS_IN_VIEW(s, v)
#endif
#define MAY_COMMIT(s, v, d) (MAY_STILL_COMMIT(s, v) \
    && !(KEPT(s) & (COMMIT(v, 0) | COMMIT(v, 1))) \
    && quorums & 1 << BALLOT(v, d))

inline sign_commit(s, v, d)
{
    printf("seat %d: COMMIT in view %d on value %d\n", name[s], v, d);
#ifdef ASSERT_HONESTY
    assert(!(SIGNED(s) & COMMIT(v, 1 - (d)))); /* E2 */
    assert(!(SIGNED(s) & NEW_VIEWS_ABOVE(v))); /* S4, E5 */
#endif
    view[s] = v;
    keep_and_send(s, COMMIT(v, d))
}

/* S4 and S5. */
#define MAY_GIVE_UP(s, w) (view[s] < (w) && !(KEPT(s) & NEW_VIEWS_ABOVE((w) - 1)))

/* The lock, which S3 stored with the highest COMMIT. */
inline report_lock(s)
{
    held = (KEPT(s) & COMMITS) >> (2 * VIEWS);
    report = 0;
    do
    :: held == 0 -> break
    :: else ->
        held = held >> 1;
        report++
    od
}

inline sign_new_view(s, w)
{
    if
    :: report == 0 -> printf("seat %d: NEW-VIEW %d, no QC\n", name[s], w)
    :: else ->
        printf("seat %d: NEW-VIEW %d, QC of view %d on value %d\n", name[s], w,
            REPORTED_VIEW(report), (report - 1) % 2)
    fi;
#ifdef ASSERT_HONESTY
    assert(REPORTED_VIEW(report) < (w));
    assert(!(SIGNED(s) & NEW_VIEWS_FOR(w))); /* E8 */
    assert(!((SIGNED(s) & COMMITS) >> (2 * VIEWS + 2 * REPORTED_VIEW(report)))); /* E5 */
#endif
    keep_and_send(s, NEW_VIEW(w, report))
}

/* A restart. A sound store loses nothing: the seat goes on as if nothing had happened, and such a
 * restart is no step at all. */
inline restart(s)
{
    printf("seat %d: restarts\n", name[s]);
    kept[s] = kept[s] & ~(LOST)
}

/* What is stored and not yet sent is sent after a restart, byte for byte (C8), or never. */
inline send(s)
{
    printf("seat %d: sends\n", name[s]);
    sent[s] = kept[s]
}

/* Of several seats with the same past the first moves. */
#define IS_FIRST(s) (s == 0 || IS_AFTER(s, s - 1))

#define VOTES_IN(s, v) \
    :: IS_FIRST(s) && MAY_PREPARE(s, v, 0) -> d_step { sign_prepare(s, v, 0) } \
    :: IS_FIRST(s) && MAY_PREPARE(s, v, 1) -> d_step { sign_prepare(s, v, 1) } \
    :: IS_FIRST(s) && MAY_COMMIT(s, v, 0) -> d_step { sign_commit(s, v, 0) } \
    :: IS_FIRST(s) && MAY_COMMIT(s, v, 1) -> d_step { sign_commit(s, v, 1) }

#define ASKS_FOR(s, w) \
    :: IS_FIRST(s) && MAY_GIVE_UP(s, w) -> d_step { report_lock(s); sign_new_view(s, w) }

/* A seat that also keeps, and reports, a QC above its lock that came too late for its COMMIT. */
#ifdef LOCK_LATE
#define ASKS_WITH(s, w, v, d) \
    :: IS_FIRST(s) && MAY_GIVE_UP(s, w) && quorums & 1 << BALLOT(v, d) \
        && !(KEPT(s) & COMMITS & ~(COMMIT(v, 0) - 1)) -> \
        d_step { report = 1 + BALLOT(v, d); sign_new_view(s, w) }
#else
#define ASKS_WITH(s, w, v, d)
#endif

proctype seat(byte s)
{
end:
    do
    :: atomic {
        if
        VOTES_IN(s, 1)
#if VIEWS >= 2
        VOTES_IN(s, 2)
        ASKS_FOR(s, 2)
        ASKS_WITH(s, 2, 1, 0)
        ASKS_WITH(s, 2, 1, 1)
#endif
#if VIEWS >= 3
        VOTES_IN(s, 3)
        ASKS_FOR(s, 3)
        ASKS_WITH(s, 3, 1, 0)
        ASKS_WITH(s, 3, 1, 1)
        ASKS_WITH(s, 3, 2, 0)
        ASKS_WITH(s, 3, 2, 1)
#endif
#if VIEWS >= 4
        VOTES_IN(s, 4)
        ASKS_FOR(s, 4)
        ASKS_WITH(s, 4, 1, 0)
        ASKS_WITH(s, 4, 1, 1)
        ASKS_WITH(s, 4, 2, 0)
        ASKS_WITH(s, 4, 2, 1)
        ASKS_WITH(s, 4, 3, 0)
        ASKS_WITH(s, 4, 3, 1)
#endif
#if LOST
        :: IS_FIRST(s) && kept[s] & (LOST) -> d_step { restart(s) }
#endif
#ifdef SEND_APART
        :: IS_FIRST(s) && kept[s] != sent[s] -> d_step { send(s) }
#endif
        fi;
        d_step {
            collect();
            order_seats()
        }
    }
    od
}

init
{
    atomic {
        justified = 3; /* View 1 needs no TC. */
        for (place : 0 .. HONEST - 1) {
            name[place] = place;
            run seat(place)
        }
    }
}

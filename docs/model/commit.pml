/*
 * docs/model/commit.pml: the exchange and its one conditional PUT (S1 to S8 of
 * gateway/account/README.md; exchange.c, append.c, commit.c).
 *
 * Two devices with EDITS edits each ask two gateways, give up whenever they like and ask again, the
 * same gateway or the other. Each gateway keeps the manifest it saw last. A third writer commits no
 * frames, as compactions and sweeps do. A PUT's answer may be lost though it landed; it may land at any
 * later time, if its condition still holds then; or never.
 *
 * The hash of a frame is (edit, seq): what is before it is the log itself, which
 * CHECK(one_winner_per_seq) shows to be a chain.
 */
#include "property.h"

#ifndef EDITS
#define EDITS 1
#endif
#ifndef ASKS
#define ASKS 2 /* how often devices give up waiting and ask again, in all */
#endif
#ifndef GARDENS
#define GARDENS 1 /* commits without a frame */
#endif
#define TRIES 2  /* sendings of one PUT (3 in commit.c) */
#define ROUNDS 2 /* rebuildings of one commit (5 in exchange.c) */
#define SEQS 7
#define NONE 0

/*
 * Broken on purpose. UNCONDITIONAL: the PUT has no condition. BLIND: nobody knows a commit of his own
 * again: not by the nonce, nor the gateway by the log (S4), nor the device by the hash of a frame that
 * it pulls. NONCE_ONLY: by the nonce alone.
 */
#ifdef UNCONDITIONAL
#define MAY_LAND(base) true
#else
#define MAY_LAND(base) (tag == (base))
#endif
#if defined(BLIND)
#define OWN_NONCE(me) false
#else
#define OWN_NONCE(me) (author == (me))
#endif
#if defined(BLIND) || defined(NONCE_ONLY)
#define KNOWS_FRAMES false
#else
#define KNOWS_FRAMES true
#endif

mtype = { COMMITTED, BEHIND, AGAIN };

PROPERTY(one_winner_per_seq);
PROPERTY(one_effect);
PROPERTY(acknowledged_is_in_the_log);
PROPERTY(acknowledged_in_the_end);

/*
 * The manifest that stands. Its tag is the number of PUTs that landed; `author` stands for its nonce:
 * the gateway whose present commit it is, 1 or 2, or 0 for anybody's former one.
 */
byte tag = 1;
byte author;
byte head;
byte log[SEQS + 1]; /* by seq, from 1: the edit that the frame carries */

typedef put {
	byte base; /* the tag it is conditional on; 0: this place is free */
	byte base_head;
	byte author;
	byte edit;
};
put late[2];
put sent; /* the one that lands now */

/* What a device was told, by the number of its question. */
typedef told {
	byte number;
	mtype status;
	byte head;
};
told answer[2];
byte waiting[2]; /* the number that the device waits for; others are not heard */
byte acknowledged; /* a bit an edit */
byte asks;

chan ask[2] = [1] of { byte, byte, byte, byte }; /* device, edit, the frame's seq, number */

#define IN_LOG(edit) \
	(log[1] == edit || log[2] == edit || log[3] == edit || log[4] == edit || log[5] == edit || \
		log[6] == edit || log[7] == edit)

inline fly(i, base_, base_head_, author_, edit_)
{
	late[i].base = base_;
	late[i].base_head = base_head_;
	late[i].author = author_;
	late[i].edit = edit_
}

inline land(base_head_, author_, edit_)
{
	CHECK(one_winner_per_seq, head == base_head_);
	if
	:: edit_ != NONE ->
		CHECK(one_effect, !IN_LOG(edit_));
		head++;
		log[head] = edit_
	:: else
	fi;
	tag++;
	author = author_;
	/* What was on its way under the tag before can't land any more. */
	if
	:: late[0].base != 0 && !MAY_LAND(late[0].base) -> fly(0, 0, 0, 0, 0)
	:: else
	fi;
	if
	:: late[1].base != 0 && !MAY_LAND(late[1].base) -> fly(1, 0, 0, 0, 0)
	:: else
	fi
}

/* One conditional PUT. ok_: it landed, and its sender was told so. */
inline put_manifest(base_, base_head_, author_, edit_, ok_)
{
	ok_ = false;
	if
	:: MAY_LAND(base_) ->
		land(base_head_, author_, edit_);
		if
		:: ok_ = true
		:: skip /* the answer is lost, or says conflict */
		fi
	:: !MAY_LAND(base_) /* conflict */
	:: MAY_LAND(base_) && late[0].base == 0 -> fly(0, base_, base_head_, author_, edit_)
	:: MAY_LAND(base_) && late[0].base != 0 && late[1].base == 0 ->
		fly(1, base_, base_head_, author_, edit_)
	:: MAY_LAND(base_) && late[0].base != 0 && late[1].base != 0 /* lost on its way */
	fi
}

/* A new commit has a new nonce: what was sent of the gateway's former ones is anybody's. */
inline new_nonce(me)
{
	if
	:: author == me -> author = 0
	:: else
	fi;
	if
	:: late[0].author == me -> late[0].author = 0
	:: else
	fi;
	if
	:: late[1].author == me -> late[1].author = 0
	:: else
	fi
}

inline put_late(i)
{
	sent.base_head = late[i].base_head;
	sent.author = late[i].author;
	sent.edit = late[i].edit;
	fly(i, 0, 0, 0, 0);
	land(sent.base_head, sent.author, sent.edit);
	sent.base_head = 0;
	sent.author = 0;
	sent.edit = 0
}

active proctype network()
{
end:	do
	:: atomic {
		late[0].base != 0 ->
		put_late(0)
	   }
	:: atomic {
		late[1].base != 0 ->
		put_late(1)
	   }
	od
}

/*
 * Each atomic step is one request to the bucket, and what is computed before the next. The request
 * at hand is given up by its device, not by the gateway.
 */
proctype gateway(byte g)
{
	byte cache_tag, cache_head; /* 0: nothing is cached */
	byte device, edit, seq, number, tries, rounds;
	bool ok;
	mtype status;

end:	do
	:: atomic {
		ask[g]?device, edit, seq, number ->
		status = AGAIN;
		if
		:: cache_tag == 0 || cache_head != seq - 1 -> /* S1: read */
			cache_tag = tag;
			cache_head = head
		:: else /* warm */
		fi
	   };
	   do
	   :: atomic {
		cache_head != seq - 1 -> /* S4, S5 */
		if
		:: KNOWS_FRAMES && cache_head >= seq && log[seq] == edit -> status = COMMITTED
		:: else -> status = BEHIND
		fi;
		break
	   }
	   :: atomic { cache_head == seq - 1 && rounds == ROUNDS -> break }
	   :: atomic {
		cache_head == seq - 1 && rounds < ROUNDS -> /* S6 to S8 */
		if
		:: tries == 0 -> new_nonce(g + 1)
		:: else
		fi;
		tries++;
		put_manifest(cache_tag, cache_head, g + 1, edit, ok);
		if
		:: ok ->
			cache_tag = tag;
			cache_head = seq;
			status = COMMITTED;
			break
		:: else
		fi
	      };
	      atomic { /* whatever else the answer was: read */
		if
		:: OWN_NONCE(g + 1) -> status = COMMITTED
		:: else
		fi;
		if
		:: status == AGAIN && tag == cache_tag && tries == TRIES -> rounds = ROUNDS
		:: status == AGAIN && tag == cache_tag && tries < TRIES /* send it again */
		:: else -> tries = 0; rounds++
		fi;
		cache_tag = tag;
		cache_head = head;
		if
		:: status == COMMITTED -> break
		:: else
		fi
	      }
	   od;
	   atomic {
		new_nonce(g + 1);
		if
		:: waiting[device] == number ->
			waiting[device] = 0;
			answer[device].number = number;
			answer[device].status = status;
			answer[device].head = cache_head
		:: else
		fi;
		device = 0; edit = 0; seq = 0; number = 0; tries = 0; rounds = 0; ok = false; status = 0
	   }
	od
}

proctype device(byte d)
{
	byte cursor, to, edits, edit, number;
	mtype status;

	do
	:: edits == EDITS -> break
	:: edits < EDITS ->
		edits++;
		edit = 1 + d * EDITS + edits - 1;
rebase:		skip; /* the frame of this edit has seq cursor + 1 */
again:		atomic {
			number++;
			waiting[d] = number;
			if
			:: ask[0]!d, edit, cursor + 1, number
			:: d + number > 1 -> /* the first question of all may as well be gateway 0's */
				ask[1]!d, edit, cursor + 1, number
			fi
		}
		if
		:: atomic {
			answer[d].number == number ->
			answer[d].number = 0;
			status = answer[d].status;
			to = answer[d].head;
			answer[d].status = 0;
			answer[d].head = 0;
			if
			:: status == COMMITTED ->
				CHECK(acknowledged_is_in_the_log, log[cursor + 1] == edit);
				acknowledged = acknowledged | (1 << edit);
				cursor++
			:: status == BEHIND ->
				/* The frames that were pulled: is the own one among them? */
				if
				:: KNOWS_FRAMES && to > cursor && log[cursor + 1] == edit ->
					acknowledged = acknowledged | (1 << edit);
					cursor = to
				:: else ->
					cursor = to;
					goto rebase
				fi
			:: status == AGAIN && asks < ASKS ->
				asks++;
				goto again
			:: else -> break /* not acknowledged */
			fi
		}
		:: atomic {
			asks < ASKS -> /* gives up waiting */
			asks++;
			goto again
		}
		fi
	od;
	waiting[d] = 0;
	edit = 0; to = 0; status = 0; number = 0; edits = 0; cursor = 0
}

/* Compaction and sweep, as far as the log sees them: commits that hold no frame. */
active proctype gardener()
{
	byte base, base_head, n;
	bool ok;

	do
	:: n == GARDENS -> break
	:: n < GARDENS ->
		atomic {
			n++;
			base = tag;
			base_head = head
		};
		atomic { put_manifest(base, base_head, 0, NONE, ok) }
	od
}

/* When nothing moves any more: what was acknowledged is there, once. */
active proctype end_of_day()
{
	byte edit = 1;

	timeout ->
	do
	:: edit > 2 * EDITS -> break
	:: else ->
		CHECK(acknowledged_in_the_end, (acknowledged & (1 << edit)) == 0 || IN_LOG(edit));
		edit++
	od
}

init
{
	atomic {
		run gateway(0);
		run gateway(1);
		run device(0);
		run device(1)
	}
}

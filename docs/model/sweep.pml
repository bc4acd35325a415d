/*
 * docs/model/sweep.pml: blobs, the commits that name them, and the sweeps that remove them (S6 to S8
 * and G1 to G5 of gateway/account/README.md; names.c, append.c, commit.c, sweep.c).
 *
 * Two writers, each with the manifest that its gateway saw last and the blobs it has seen there, and
 * two sweepers. Any of them may sleep between any two requests. A blob is (content, count); writers
 * put and name the same contents. The manifest names blobs in two ways: `snapshot`, what the newest
 * snapshot lists, which alone vouches for an old name; and `held`, all that its snapshot, packs and
 * tail need.
 *
 * Stronger than any store: a removal that was asked for once may happen at any later time, as often
 * as it likes; and a sweep's listing may show what is not there, so that a blob may be removed that
 * was put after the listing. A PUT that was given up on lands later: a blob's in any case, a
 * manifest's if its condition still holds then.
 */
#include "property.h"

#ifndef CONTENTS
#define CONTENTS 1
#endif
#ifndef PUSHES
#define PUSHES 3 /* of both writers together */
#endif
#ifndef SWEEPS
#define SWEEPS 3 /* of both sweepers together */
#endif
#define COUNTS 5 /* 0 to SWEEPS, which is 4 at most */
#ifndef LATE
#define LATE 0 /* 1: PUTs that were given up on land later */
#endif

/*
 * Broken on purpose. SWEEP_ONE_BEHIND, NAME_TWO_BEHIND: the rule's counts, off by one. NAME_UNSEEN:
 * a young name is believed. NO_SECOND_LOOK: a commit that lost is rebuilt without judging its names
 * by the new manifest. KEEP_STALE: so is a sweep's, with what it gathered before. REMOVE_FIRST: a
 * sweep removes before its commit.
 */
#ifdef SWEEP_ONE_BEHIND
#define OLD_COUNTS(own) ((1 << (own)) - 1)
#else
#define OLD_COUNTS(own) ((1 << ((own) - 1)) - 1) /* 0 to own - 2 */
#endif
#ifdef NAME_TWO_BEHIND
#define YOUNG(count, now) ((count) + 2 >= (now))
#else
#define YOUNG(count, now) ((count) + 1 >= (now))
#endif
#ifdef NAME_UNSEEN
#define SEEN(key) true
#else
#define SEEN(key) HAS(seen, key)
#endif
/* G2 belongs to the manifest that the commit is built of: it is done again for each. */
#if defined(KEEP_STALE) || defined(REMOVE_FIRST)
#define GATHER_ONCE gather(keep)
#define GATHER skip
#else
#define GATHER_ONCE skip
#define GATHER keep = needed
#endif

PROPERTY(named_is_there);
PROPERTY(nothing_named_is_removed);

#define KEY(content, count) (1 << ((content) * COUNTS + (count)))
#define HAS(set, key) (((set) & (key)) != 0)
#define OLD(own) (OLD_COUNTS(own) | (OLD_COUNTS(own) << COUNTS))

typedef manifest {
	byte count;
	short snapshot;
	short held;
};
manifest now; /* the one that stands */
short there;  /* the blobs that are in the bucket */
short doomed; /* those whose removal was asked for */

/*
 * By process: is the manifest it holds the one that stands? Then it has the tag, and what it builds
 * is built of `now`. Else nothing it builds can land, so only the count is kept of what it holds.
 */
byte pushes, sweeps;
bool fresh[4];
byte count_of[4];

/* What is on its way after it was given up on. A manifest only while its condition holds. */
short blob_flies;
bool manifest_flies;
manifest late;

inline read_manifest(me)
{
	fresh[me] = true;
	count_of[me] = now.count
}

/* Its condition was met. */
inline land(count_, snapshot_, held_)
{
	CHECK(named_is_there, ((held_) & ~there) == 0);
	now.held = held_; /* first: it may be made of the others */
	now.snapshot = snapshot_;
	now.count = count_;
	fresh[0] = false;
	fresh[1] = false;
	fresh[2] = false;
	fresh[3] = false;
	manifest_flies = false;
	late.count = 0;
	late.snapshot = 0;
	late.held = 0
}

/* Some one key of the set, which is not empty. */
inline some_key(set, key_)
{
	key_ = 1;
	do
	:: HAS(set, key_) -> break
	:: (set) >= key_ * 2 -> key_ = key_ * 2
	od
}

active proctype network()
{
	short key;

end:	do
	:: atomic {
		manifest_flies -> land(late.count, late.snapshot, late.held)
	   }
	:: atomic {
		blob_flies != 0 ->
		there = there | blob_flies;
		blob_flies = 0
	   }
	:: atomic {
		(doomed & there) != 0 ->
		some_key((doomed & there), key);
		CHECK(nothing_named_is_removed, !HAS(now.held, key));
		there = there & ~key;
		key = 0
	   }
	od
}

proctype writer(byte me)
{
	byte count;
	short seen, key, snapshot;

	do
	:: atomic { pushes == PUSHES -> break }
	:: atomic {
		pushes < PUSHES ->
		pushes++;
		if
		:: read_manifest(me)
		:: !fresh[me] /* goes on with what it has */
		fi;
		/* A blob to name: new under a count that may do, or one that a snapshot lists. */
		do
		:: count < count_of[me] -> count++
		:: break
		od;
		if
		:: key = KEY(0, count)
		:: CONTENTS > 1 -> key = KEY(1, count)
		fi;
		if
		:: YOUNG(count, count_of[me])
		:: !YOUNG(count, count_of[me]) && HAS(now.snapshot, key)
		:: else -> key = 0
		fi
	   }
	   do
	   :: atomic { key == 0 -> break }
	   /* S6: it is put, or looked for, or was seen before. */
	   :: atomic {
		YOUNG(count, count_of[me]) && !HAS(seen, key) ->
		there = there | key;
		seen = seen | key
	      }
	   :: atomic {
		YOUNG(count, count_of[me]) && !HAS(seen, key) && HAS(there, key) ->
		seen = seen | key
	      }
	   :: atomic {
		YOUNG(count, count_of[me]) && !HAS(seen, key) && LATE > 0 && blob_flies == 0 ->
		blob_flies = key;
		break
	      }
	   /* S7, S8: a frame with a body, or a snapshot that may re-use what the last one listed. */
	   :: atomic {
		fresh[me] && ((YOUNG(count, now.count) && SEEN(key)) || HAS(now.snapshot, key)) ->
#ifdef NO_SECOND_LOOK
again:
#endif
		if
		:: snapshot = now.snapshot
		:: snapshot = key
		:: snapshot = now.snapshot | key
		fi;
		if
		:: land(now.count, snapshot, now.held | snapshot | key);
			if
			:: read_manifest(me)
			:: skip /* the answer is lost, and it gives up */
			fi
		:: LATE > 0 && !manifest_flies ->
			manifest_flies = true;
			late.count = now.count;
			late.snapshot = snapshot;
			late.held = now.held | snapshot | key
		fi;
		break
	      }
	   /* Neither young nor known: it is to be put under another name. */
	   :: atomic {
		fresh[me] && !YOUNG(count, now.count) && !HAS(now.snapshot, key) -> break
	      }
	   /* Another's commit stands: read, and judge again (S3). */
	   :: atomic {
		!fresh[me] ->
		read_manifest(me)
#ifdef NO_SECOND_LOOK
		;
		goto again
#endif
	      }
	   od;
	   atomic {
		seen = seen & ~OLD(count_of[me]); /* they may never be named again */
		key = 0;
		count = 0;
		snapshot = 0
	   }
	od
}

inline gather(into)
{
	if
	:: drop -> into = now.snapshot
	:: else -> into = now.held
	fi
}

proctype sweeper(byte me)
{
	byte own;
	bool drop; /* the old packs leave the next manifest */
	short keep, needed;

	do
	:: atomic { sweeps == SWEEPS -> break }
	:: atomic {
		sweeps < SWEEPS ->
		sweeps++;
		read_manifest(me); /* G1 */
		own = now.count + 1;
		if
		:: drop = false
		:: now.held != now.snapshot -> drop = true
		fi;
		GATHER_ONCE
#ifdef REMOVE_FIRST
		;
		doomed = doomed | (OLD(own) & ~keep)
#endif
	   }
	   do
	   :: atomic { /* G4 */
		fresh[me] ->
		gather(needed);
		GATHER;
		if
		:: if
		   :: doomed = doomed | (OLD(own) & ~keep) /* G5, from now on */
		   :: skip /* the answer is lost, and it gives up */
		   fi;
		   land(own, now.snapshot, needed)
		:: LATE > 0 && !manifest_flies ->
			manifest_flies = true;
			late.count = own;
			late.snapshot = now.snapshot;
			late.held = needed
		fi;
		break
	      }
	   :: atomic { /* another's commit stands: back to G2 */
		!fresh[me] ->
		read_manifest(me);
		if
		:: now.count != own - 1 -> break /* another sweeps */
		:: else
		fi
	      }
	   od;
	   atomic {
		keep = 0;
		needed = 0;
		own = 0;
		drop = false;
		count_of[me] = 0;
		fresh[me] = false
	   }
	od
}

init
{
	atomic {
		run writer(0);
		run writer(1);
		run sweeper(2);
		run sweeper(3)
	}
}

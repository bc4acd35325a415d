/*
 * docs/model/compact.pml: packs, the compactions that join them, and the sweeps that remove what went (S7,
 * "Compaction" and G1 to G5 of gateway/account/README.md; append.c, commit.c, compact.c, sweep.c).
 *
 * A log of two frames, each with a body of count 0, and all that is done to it: each frame goes from
 * the tail into a pack, the two packs are compacted into one, its history is dropped. Two gateways do
 * that, two sweep, and a reader opens a pack and then a body. All may sleep between any two requests.
 * A sweep knows the names in a pack by reading its header alone.
 *
 * As in sweep.pml, a removal may happen at any later time, as often as it likes; a sweep's listing may
 * show what is not there; and a commit that was given up on may land later, under its condition.
 */
#include "property.h"

#ifndef STEPS
#define STEPS 2 /* packings and compactions that are begun, in all */
#endif
#ifndef SWEEPS
#define SWEEPS 3 /* at most 3 */
#endif
#ifndef LATE
#define LATE 0
#endif

PROPERTY(named_is_there);
PROPERTY(nothing_named_is_removed);
PROPERTY(a_reader_is_not_misled);
PROPERTY(no_sweep_or_compaction_is_stopped);

/* Objects, as bits: two bodies; then the packs of frame 1, of frame 2 and of both, by count. */
#define COUNTS 4
#define BODY_1 1
#define BODY_2 2
#define PACK_1(count) (1 << (2 + (count)))
#define PACK_2(count) (1 << (2 + COUNTS + (count)))
#define PACK_BOTH(count) (1 << (2 + 2 * COUNTS + (count)))
#define HAS(set, key) (((set) & (key)) != 0)

#define OLD_COUNTS(own) ((1 << ((own) - 1)) - 1) /* 0 to own - 2 */
#define OLD(own) \
	((OLD_COUNTS(own) << 2) | (OLD_COUNTS(own) << (2 + COUNTS)) | \
		(OLD_COUNTS(own) << (2 + 2 * COUNTS)) | \
		((own) > 1 -> BODY_1 | BODY_2 : 0))

/*
 * The manifest: its count, and of each pack the bit, or 0. A frame that is in no pack is in the tail,
 * unless all was dropped.
 */
typedef manifest {
	byte count;
	short pack_1;
	short pack_2;
	short pack_both;
	bool dropped;
};
manifest now;
short there = BODY_1 | BODY_2;
short doomed;
bool flies;
manifest late;

/* As in sweep.pml: does the process hold the manifest that stands? */
bool fresh[5];
byte count_of[5];
byte steps, sweeps;

/* Broken on purpose: a compaction that keeps its packs' count, and one that forgets their names. */
#ifdef COMPACTION_KEEPS_COUNT
#define COMPACTION_COUNT(now) 0
#else
#define COMPACTION_COUNT(now) (now)
#endif
/* What a sweep finds by a pack's header. */
#ifdef COMPACTION_DROPS_NAMES
#define NAMES_OF_BOTH 0
#else
#define NAMES_OF_BOTH (BODY_1 | BODY_2)
#endif

#define PACKS(of) (of.pack_1 | of.pack_2 | of.pack_both)
#define BODIES(of) (of.dropped -> 0 : BODY_1 | BODY_2)

inline gather(into, drop)
{
	if
	:: drop || now.dropped -> into = 0
	:: !drop && !now.dropped && now.pack_both != 0 -> into = now.pack_both | NAMES_OF_BOTH
	:: !drop && !now.dropped && now.pack_both == 0 ->
		into = now.pack_1 | now.pack_2 | BODY_1 | BODY_2
	fi
}

inline read_manifest(me)
{
	fresh[me] = true;
	count_of[me] = now.count
}

/* Sets down `late`, whose condition was met; whoever sent it. */
inline land()
{
	now.count = late.count;
	now.pack_1 = late.pack_1;
	now.pack_2 = late.pack_2;
	now.pack_both = late.pack_both;
	now.dropped = late.dropped;
	late.count = 0;
	late.pack_1 = 0;
	late.pack_2 = 0;
	late.pack_both = 0;
	late.dropped = false;
	flies = false;
	fresh[0] = false;
	fresh[1] = false;
	fresh[2] = false;
	fresh[3] = false;
	fresh[4] = false;
	CHECK(named_is_there, ((PACKS(now) | BODIES(now)) & ~there) == 0)
}

inline send(count_, pack_1_, pack_2_, pack_both_, dropped_)
{
	late.count = count_;
	late.pack_1 = pack_1_;
	late.pack_2 = pack_2_;
	late.pack_both = pack_both_;
	late.dropped = dropped_
}

active proctype network()
{
	short key;

end:	do
	:: atomic { flies -> land() }
	:: atomic {
		(doomed & there) != 0 ->
		key = 1;
		do
		:: HAS((doomed & there), key) -> break
		:: (doomed & there) >= key * 2 -> key = key * 2
		od;
		CHECK(nothing_named_is_removed, !HAS((PACKS(now) | BODIES(now)), key));
		there = there & ~key;
		key = 0
	   }
	od
}

/*
 * What was built of the manifest that stands is committed. While another PUT is on its way, it is not:
 * had this one landed, that one could not, and would be as good as lost.
 */
inline commit(me, removes)
{
	if
	:: doomed = doomed | (removes);
		land()
	:: land();
		if
		:: read_manifest(me)
		:: skip /* the answer is lost, and it gives up */
		fi
	:: LATE > 0 -> flies = true
	fi
}

proctype gateway(byte me)
{
	short key;

	do
	:: atomic { steps == STEPS -> break }
	:: atomic {
		steps < STEPS ->
		steps++;
		if
		:: read_manifest(me)
		:: !fresh[me] /* goes on with what it has: what it puts is garbage */
		fi;
		if
		:: !fresh[me] || (now.pack_1 == 0 && now.pack_both == 0 && !now.dropped) ->
			key = PACK_1(count_of[me])
		:: !fresh[me] || (now.pack_1 != 0 && now.pack_2 == 0) -> key = PACK_2(count_of[me])
		:: !fresh[me] || now.pack_2 != 0 -> key = PACK_BOTH(COMPACTION_COUNT(count_of[me]))
		:: else -> key = 0
		fi
	   }
	   /* A compaction reads its packs: one that is missing is no longer named. Then the pack is put. */
	   atomic {
		CHECK(no_sweep_or_compaction_is_stopped,
			key < PACK_BOTH(0) || !fresh[me] || (PACKS(now) & ~there) == 0);
		there = there | key
	   };
	   atomic {
		if
		:: !fresh[me] || flies || key == 0
		:: fresh[me] && !flies && key != 0 ->
			if
			:: key >= PACK_BOTH(0) -> send(now.count, 0, 0, key, false)
			:: key >= PACK_2(0) && key < PACK_BOTH(0) -> send(now.count, now.pack_1, key, 0, false)
			:: key < PACK_2(0) -> send(now.count, key, 0, 0, false)
			fi;
			commit(me, 0)
		fi;
		key = 0
	   }
	od
}

proctype sweeper(byte me)
{
	byte own;
	bool drop;
	short keep;

	do
	:: atomic { sweeps == SWEEPS -> break }
	:: atomic {
		sweeps < SWEEPS ->
		sweeps++;
		read_manifest(me); /* G1 */
		own = now.count + 1;
		if
		:: drop = false
		:: now.pack_both != 0 -> drop = true
		fi
	   }
	   do
	   :: atomic { /* G2, by the headers of packs; G4; and from then on G5 */
		fresh[me] && !flies ->
		gather(keep, drop);
		CHECK(no_sweep_or_compaction_is_stopped, (PACKS(now) & ~there) == 0);
		send(now.count + 1, (drop -> 0 : (now.pack_1)), (drop -> 0 : (now.pack_2)),
			(drop -> 0 : (now.pack_both)), now.dropped || drop);
		commit(me, OLD(own) & ~keep);
		break
	      }
	   :: atomic { fresh[me] && flies -> break }
	   :: atomic { /* another's commit stands: back to G2 */
		!fresh[me] ->
		read_manifest(me);
		if
		:: now.count != own - 1 -> break
		:: else
		fi;
		if
		:: drop && now.pack_both == 0 -> drop = false
		:: else
		fi
	      }
	   od;
	   atomic {
		keep = 0;
		own = 0;
		drop = false;
		fresh[me] = false;
		count_of[me] = 0
	   }
	od
}

/* Opens a pack that the manifest it read names, and then a body of its frames. */
proctype reader(byte me)
{
	short pack;

	atomic {
		read_manifest(me);
		if
		:: pack = now.pack_1
		:: pack = now.pack_2
		:: pack = now.pack_both
		fi
	};
	atomic {
		CHECK(a_reader_is_not_misled, !fresh[me] || pack == 0 || HAS(there, pack));
		CHECK(a_reader_is_not_misled, !fresh[me] || (BODIES(now) & ~there) == 0);
		pack = 0;
		fresh[me] = false;
		count_of[me] = 0
	}
}

init
{
	atomic {
		if
		:: skip
		:: now.pack_1 = PACK_1(0)
		:: now.pack_1 = PACK_1(0); now.pack_2 = PACK_2(0)
		fi;
		there = there | now.pack_1 | now.pack_2;
		run gateway(0);
		run gateway(1);
		run sweeper(2);
		run sweeper(3);
		run reader(4)
	}
}

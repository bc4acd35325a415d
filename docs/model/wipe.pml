/*
 * docs/model/wipe.pml: the end of an account, and creates that race with it (C1 to C5 and W1 to W6 of
 * gateway/account/README.md; create.c, wipe.c, removal.c, and S2 in manifest_read.c).
 *
 * Creators of the same account; writers that push through a gateway of their own, whose cache
 * grows as old as it likes; a wiper, and one that lists again. Any of them may sleep between any two
 * requests, and creators and the wiper may die there. A PUT that was given up on lands later: an
 * object's in any case, a manifest's if its condition holds then.
 */
#include "property.h"

#ifndef BORN
#define BORN 1 /* 0: there is no account yet; 1: there is, as its create made it */
#endif
#ifndef CREATORS
#define CREATORS 1
#endif
#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef PUSHES
#define PUSHES 2 /* of each writer */
#endif
#ifndef RELISTERS
#define RELISTERS 1
#endif
#ifndef DEATHS
#define DEATHS 1 /* of creators and the wiper */
#endif
#define TRIES 2 /* sendings of a create's manifest (3 in create.c) */

mtype = { NONE, LIVE, WIPED };

PROPERTY(no_commit_after_the_end);
PROPERTY(nothing_live_is_removed);
PROPERTY(no_account_after_the_end);
PROPERTY(prefix_stays_empty);

/*
 * The bucket. A manifest's tag stands for its bytes; `made` for its incarnation: the tag of the one
 * that its create put. late_born: it was put after the account's end.
 */
mtype state = NONE;
byte tag, made, generation;
bool late_born;
bool record; /* w/<account> */
#define ROSTER 1
#define BODY(me) (2 << (me))
byte objects; /* these bits */

bool ended;  /* the manifest was seen to be wiped or gone, after w/ was put */
bool listed; /* listings until they were empty were begun, and since then nothing came late, nobody died */
byte deaths;

/* What is on its way after it was given up on. */
byte object_flies;
byte create_flies; /* the tag of the manifest: if there is none */
byte commit_flies; /* the tag of the next manifest: if commit_on still stands */
byte commit_on;

/*
 * Broken on purpose. SAME_BYTES: a create sends the same manifest twice. NO_LOOK: it does not read w/
 * after its PUT. NO_INCARNATION: a cache that has read w/ once never does again. LOOK_FIRST: w/ is
 * read before the manifest. RECORD_LAST: w/ is put when all is removed. UNMARKED: nobody does W4;
 * FINISH_UNMARKED: only who began the wipe does. LEAVE_PUTS: a writer that is told "gone" leaves what
 * it put. MANIFEST_FIRST does no harm (README.md).
 */
#ifdef SAME_BYTES
#define CREATE_TAG(me, try) (1 + 2 * (me))
#else
#define CREATE_TAG(me, try) (1 + 2 * (me) + (try))
#endif
#ifdef NO_LOOK
#define LOOKS_AFTER_PUT false
#else
#define LOOKS_AFTER_PUT true
#endif
#ifdef NO_INCARNATION
#define KNOWS_INCARNATIONS false
#else
#define KNOWS_INCARNATIONS true
#endif
#ifdef LEAVE_PUTS
#define TAKES_BACK false
#else
#define TAKES_BACK true
#endif
/* Tags: of creators 1 to 4, of the create before them 5 and 6, of commits from 7. */
#define COMMIT_TAG(me, push) (6 + (me) * PUSHES + (push))

inline land_create(tag_)
{
	state = LIVE;
	tag = tag_;
	made = tag_;
	generation = 0;
	late_born = ended
}

inline land_commit(tag_)
{
	CHECK(no_commit_after_the_end, !ended);
	tag = tag_;
	generation = 1
}

active proctype network()
{
end:	do
	:: atomic {
		object_flies != 0 ->
		objects = objects | object_flies;
		object_flies = 0;
		listed = false
	   }
	:: atomic {
		create_flies != 0 ->
		if
		:: state == NONE ->
			land_create(create_flies);
			listed = false
		:: else
		fi;
		create_flies = 0
	   }
	:: atomic {
		commit_flies != 0 ->
		if
		:: state == LIVE && tag == commit_on ->
			land_commit(commit_flies);
			listed = false
		:: else
		fi;
		commit_flies = 0;
		commit_on = 0
	   }
	od
}

/* W4: until it is wiped, or gone. Nobody does this but who has read w/. */
inline mark(on)
{
#ifndef UNMARKED
	do
	:: atomic {
		state != LIVE ->
		ended = true;
		break
	   }
	:: atomic {
		state == LIVE ->
		on = tag
	   };
	   atomic {
		if
		:: state == LIVE && tag == on ->
			state = WIPED;
			tag = 0;
			made = 0;
			generation = 0;
			late_born = false;
			ended = true
		:: else
		fi;
		on = 0
	   }
	od
#else
	skip
#endif
}

inline remove_objects(found)
{
	if
	:: atomic {
		found != 0 ->
		CHECK(nothing_live_is_removed, state != LIVE || late_born);
		objects = objects & ~found;
		found = 0
	   }
	:: atomic { found == 0 }
	fi
}

inline remove_manifest(manifest_found)
{
	if
	:: atomic {
		manifest_found ->
		CHECK(nothing_live_is_removed, state != LIVE || late_born);
		state = NONE;
		tag = 0;
		made = 0;
		generation = 0;
		late_born = false;
		ended = true;
		manifest_found = false
	   }
	:: atomic { !manifest_found }
	fi
}

/* W5, W6: what a listing has shown, the manifest last, until a listing is empty. */
inline remove_all(found, manifest_found)
{
	listed = true;
	do
	:: atomic {
		found = objects;
		manifest_found = (state != NONE);
		if
		:: found == 0 && !manifest_found -> break
		:: else
		fi
	   };
#ifdef MANIFEST_FIRST
	   remove_manifest(manifest_found);
#endif
	   remove_objects(found);
	   remove_manifest(manifest_found)
	od
}

/* Whoever finds w/ and removes what is there. */
inline finish(on, found, manifest_found)
{
#ifndef FINISH_UNMARKED
	mark(on);
#endif
	remove_all(found, manifest_found)
}

inline may_die()
{
	if
	:: deaths < DEATHS ->
		deaths++;
		listed = false;
		goto out
	:: skip
	fi
}

proctype creator(byte me)
{
	byte tries, on, found;
	bool manifest_found, was_late, slept;
	mtype met;

	if
	:: atomic { record -> goto out } /* C1: gone */
	:: atomic { !record }
	:: atomic { BORN -> slept = true } /* read C1 and C2 before the account was */
	fi;
	/* C2 and, after a PUT, C4. w/ is read after the manifest, whatever that was. */
	do
	:: atomic {
		if
		:: slept -> met = NONE
		:: else ->
			met = state;
			was_late = late_born
		fi
	   };
	   atomic {
		if
		:: slept -> slept = false
		:: !slept && record && (tries == 0 || LOOKS_AFTER_PUT) -> break /* gone */
		:: !slept && met == LIVE && (!record || (!LOOKS_AFTER_PUT && tries > 0)) -> /* C5: the account is there */
			CHECK(no_account_after_the_end, !was_late);
			goto out
		:: else
		fi;
		if
		:: tries == TRIES -> goto out
		:: tries < TRIES
		fi
	   };
	   if
	   :: atomic { tries == 0 -> objects = objects | ROSTER } /* C3 */
	   :: atomic { tries > 0 }
	   fi;
	   atomic {
		may_die();
		if
		:: state == NONE -> land_create(CREATE_TAG(me, tries))
		:: state == NONE && create_flies == 0 -> create_flies = CREATE_TAG(me, tries)
		:: state != NONE
		fi;
		tries++;
		may_die()
	   }
	od;
	if
	:: tries > 0 -> finish(on, found, manifest_found)
	:: else
	fi;
out:	atomic {
		tries = 0; on = 0; found = 0; manifest_found = false; was_late = false;
		met = 0
	}
}

/* S2: what is read, and whether w/ is to be read too. now_met: LIVE, WIPED for "gone", or NONE. */
inline read_manifest(now_met)
{
#ifdef LOOK_FIRST
	atomic { now_gone = record };
#endif
	atomic {
		now_met = state;
		was_late = late_born;
		if
		:: state == LIVE ->
			if
			:: cache_tag == 0 || cache_made != made || generation < cache_generation ->
				checked = checked && !KNOWS_INCARNATIONS
			:: else
			fi;
			cache_tag = tag;
			cache_made = made;
			cache_generation = generation
		:: else
		fi
	};
	atomic {
		if
		:: now_met == LIVE && checked
#ifdef LOOK_FIRST
		:: !(now_met == LIVE && checked) && now_gone -> now_met = WIPED
		:: !(now_met == LIVE && checked) && !now_gone ->
#else
		:: !(now_met == LIVE && checked) && record -> now_met = WIPED
		:: !(now_met == LIVE && checked) && !record ->
#endif
			if
			:: now_met == LIVE -> checked = true
			:: else -> now_met = NONE
			fi
		fi;
		if
		:: now_met == LIVE -> CHECK(no_account_after_the_end, !was_late)
		:: else
		fi;
		was_late = false
	}
}

proctype writer(byte me)
{
	byte cache_tag, cache_made, cache_generation;
	bool checked; /* w/ was read for this incarnation */
	byte pushes, rounds, on, found;
	bool manifest_found, was_late, put;
	mtype met;
#ifdef LOOK_FIRST
	bool now_gone;
#endif

	do
	:: atomic { pushes == PUSHES -> break }
	:: atomic {
		pushes < PUSHES ->
		pushes++;
		met = (cache_tag != 0 && checked -> LIVE : NONE)
	   };
	   if
	   :: atomic { met == LIVE } /* S1: warm */
	   :: read_manifest(met)
	   fi;
	   do
	   :: atomic { met != LIVE || rounds == 2 -> break }
	   :: atomic {
		met == LIVE && rounds < 2 ->
		rounds++
	      };
	      if
	      :: atomic {
		!put ->
		objects = objects | BODY(me);
		put = true
		 }
	      :: atomic {
		!put && object_flies == 0 ->
		object_flies = BODY(me);
		break
		 }
	      :: atomic { put }
	      fi;
	      atomic { /* S8 */
		if
		:: state == LIVE && tag == cache_tag ->
			land_commit(COMMIT_TAG(me, pushes));
			if
			:: cache_tag = tag; cache_generation = 1
			:: skip /* the answer is lost, and it gives up */
			fi;
			break
		:: state == LIVE && tag == cache_tag && commit_flies == 0 ->
			commit_flies = COMMIT_TAG(me, pushes);
			commit_on = cache_tag;
			break
		:: !(state == LIVE && tag == cache_tag)
		fi
	      };
	      read_manifest(met)
	   od;
	   /* What it put for an account that is gone would be there for good. */
	   if
	   :: atomic { met == WIPED && put && TAKES_BACK };
		finish(on, found, manifest_found)
	   :: atomic { !(met == WIPED && put && TAKES_BACK) }
	   fi;
	   atomic {
		rounds = 0; put = false; met = 0
	   }
	od
}

proctype wiper()
{
	byte on, found;
	bool manifest_found;

end:	if
	:: atomic { record } /* W1 */
	:: atomic {
		!record && state == LIVE /* W2 */
	   };
	   atomic {
#ifndef RECORD_LAST
		record = true; /* W3 */
#endif
		may_die()
	   }
	fi;
	mark(on);
	atomic { may_die() };
	remove_all(found, manifest_found);
#ifdef RECORD_LAST
	record = true;
#endif
out:	skip
}

/* account_relist: of whoever finds w/. */
proctype relister()
{
	byte on, found;
	bool manifest_found;

end:	atomic { record };
	finish(on, found, manifest_found)
}

/* When nothing moves any more. */
active proctype end_of_day()
{
	timeout ->
	CHECK(prefix_stays_empty, !listed || (objects == 0 && state == NONE))
}

init
{
	atomic {
#if BORN
		objects = ROSTER;
		land_create(CREATE_TAG(2, 0));
		if
		:: create_flies = CREATE_TAG(2, 1) /* it was sent twice */
		:: skip
		fi;
#endif
#if CREATORS > 0
		run creator(0);
#endif
#if CREATORS > 1
		run creator(1);
#endif
#if WRITERS > 0
		run writer(0);
#endif
#if WRITERS > 1
		run writer(1);
#endif
#if RELISTERS > 0
		run relister();
#endif
		run wiper()
	}
}

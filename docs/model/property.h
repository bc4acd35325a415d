/*
 * docs/model/property.h: how the models state what must hold.
 * A property is a variable of its name, so that spin's report names the one that failed. It is
 * hidden: it is no part of a state, being true in all that are searched on.
 */
#define PROPERTY(name) hidden byte name = 1
#define CHECK(name, holds) name = (holds); assert(name)

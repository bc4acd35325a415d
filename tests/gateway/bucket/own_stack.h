/*
 * tests/gateway/bucket/own_stack.h: runs a function on a stack of its own, which is then searched
 * for what must not have stayed there.
 */
#ifndef INKSEAL_OWN_STACK_H
#define INKSEAL_OWN_STACK_H

#include <stdbool.h>
#include <stddef.h>

void own_stack_run(void (*run)(void *self), void *self);
bool own_stack_holds(const void *bytes, size_t len);

#endif

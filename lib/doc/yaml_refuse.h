/* SPDX-License-Identifier: MIT */
/*
 * yaml_refuse: what is refused of a YAML text before libyaml reads it, and libyaml's own
 * complaints in words that say what to do. Inside of yaml only.
 */
#ifndef LIB_DOC_YAML_REFUSE_H
#define LIB_DOC_YAML_REFUSE_H

#include <yaml.h>

#include "lib/doc/report.h"

/* Bytes of the byte order mark at the start, or 0. */
size_t yaml_bom_length(const struct source_text *source);

struct place yaml_place(const struct source_text *source, yaml_mark_t mark);

/* Size, UTF-8, control characters and directives: false after adding an error. */
bool yaml_check_text(
    struct report *report, const struct source_text *source, size_t limit);

/* Adds the error about a character that must not be there. */
void yaml_refuse_character(
    struct report *report, const struct place *place, uint32_t code);

/* Adds the error a parser has stopped with. */
void yaml_refuse_syntax(
    struct report *report, const struct source_text *source, const yaml_parser_t *parser);

#endif

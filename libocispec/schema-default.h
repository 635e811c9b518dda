/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of schema.def that the includer did not ask for come to nothing. No include guard:
 * used once for each reading of schema.def, between the includer's macros and schema.def. */
#ifndef WORDS
#define WORDS(W, text)
#endif
#ifndef WORD
#define WORD(W, id, word)
#endif
#ifndef WORDS_END
#define WORDS_END(W)
#endif
#ifndef OBJECT
#define OBJECT(O, text)
#endif
#ifndef OBJECT_END
#define OBJECT_END(O)
#endif
#ifndef KEY
#define KEY(O)
#endif
#ifndef STR
#define STR(O, m, json, need, check, since, text)
#endif
#ifndef BOOL
#define BOOL(O, m, json, need, since, text)
#endif
#ifndef NUM
#define NUM(O, T, m, json, need, min, max, since, text)
#endif
#ifndef ENUM
#define ENUM(O, W, m, json, need, since, text)
#endif
#ifndef STRS
#define STRS(O, m, json, need, since, text)
#endif
#ifndef NUMS
#define NUMS(O, T, m, json, need, min, max, since, text)
#endif
#ifndef ENUMS
#define ENUMS(O, W, m, json, need, since, text)
#endif
#ifndef OBJ
#define OBJ(O, P, m, json, need, since, text)
#endif
#ifndef OBJS
#define OBJS(O, P, m, json, need, since, text)
#endif
#ifndef MAP
#define MAP(O, m, json, need, since, text)
#endif
#ifndef OBJMAP
#define OBJMAP(O, P, m, json, need, since, text)
#endif

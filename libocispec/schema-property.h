/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of a property, of whatever kind, as the includer's PROPERTY(O, m, json). No include guard, on purpose:
 * before schema-default.h. */
#define STR(O, m, json, need, check, since, text) PROPERTY(O, m, json)
#define BOOL(O, m, json, need, since, text) PROPERTY(O, m, json)
#define NUM(O, T, m, json, need, min, max, since, text) PROPERTY(O, m, json)
#define ENUM(O, W, m, json, need, since, text) PROPERTY(O, m, json)
#define STRS(O, m, json, need, since, text) PROPERTY(O, m, json)
#define NUMS(O, T, m, json, need, min, max, since, text) PROPERTY(O, m, json)
#define ENUMS(O, W, m, json, need, since, text) PROPERTY(O, m, json)
#define OBJ(O, P, m, json, need, since, text) PROPERTY(O, m, json)
#define OBJS(O, P, m, json, need, since, text) PROPERTY(O, m, json)
#define MAP(O, m, json, need, since, text) PROPERTY(O, m, json)
#define OBJMAP(O, P, m, json, need, since, text) PROPERTY(O, m, json)

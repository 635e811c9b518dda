/* SPDX-License-Identifier: Apache-2.0 */
/* After schema.def: forget the row macros. No include guard, on purpose. */
#undef WORDS
#undef WORD
#undef WORDS_END
#undef OBJECT
#undef OBJECT_END
#undef KEY
#undef STR
#undef BOOL
#undef NUM
#undef ENUM
#undef STRS
#undef NUMS
#undef ENUMS
#undef OBJ
#undef OBJS
#undef MAP
#undef OBJMAP

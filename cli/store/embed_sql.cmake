# Makes a C file of schemas/store.sql: cmake -DSQL=… -DOUT=… -P embed_sql.cmake
# As bytes, because ISO C promises no string literal above 4,095 characters.
file(READ ${SQL} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REPLACE "0x0a," "0x0a,\n\t" bytes "${bytes}") # a line there is a line here
file(WRITE ${OUT} "/* Made from schemas/store.sql by cli/store/embed_sql.cmake. */
#include \"cli/store/store_db.h\"

const char store_schema_sql[] = {
	${bytes}
	0x00};
")

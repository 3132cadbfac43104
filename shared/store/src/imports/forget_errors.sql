delete from import_error where tenant = $1 and import = $2

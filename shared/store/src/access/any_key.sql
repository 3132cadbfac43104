select exists (select from api_key)

-- A member's address counts as proven once it is verified: what tells a tenant of its addresses has to see that.
GRANT SELECT (email_verified_at) ON users TO veralux_app;

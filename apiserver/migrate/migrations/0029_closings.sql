-- An owner's closing of a tenant is recorded first; a job then ends the resource.

ALTER TABLE tenants
  -- Which resource it is that ends: one that is made of the same id later is another.
  ADD COLUMN closing_uid text,
  -- Who closed it; no reference, as what is kept of a tenant outlives accounts.
  ADD COLUMN closed_by uuid;
GRANT UPDATE (closing_uid, closed_by) ON tenants TO veralux_app;

DROP TRIGGER audit ON tenants;
CREATE TRIGGER audit
  AFTER INSERT OR DELETE OR UPDATE OF deleted_at, deletion_policy, closed_at, closing_policy ON tenants
  FOR EACH ROW EXECUTE FUNCTION audit_change(
    'Tenant', 'tenant_id',
    'name display_name source deleted_at deletion_policy closed_at closing_policy closed_by', '');

-- Undoes a statement that was to carry on so many runs and has not found all of them where they should stand.
CREATE FUNCTION "refuse_strays"("stepped" bigint, "wanted" integer) RETURNS void LANGUAGE plpgsql AS $$
begin
  if stepped <> wanted then
    raise exception '% of % runs stand where they should', stepped, wanted using errcode = 'BH001';
  end if;
end $$;

DROP TRIGGER append_only ON prompts_rolloutevent;

"""From labelled texts and made ones to the names model that is shipped."""

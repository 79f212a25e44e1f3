"""Page of a département: `departement_page` lists its sections, the other modules make them."""

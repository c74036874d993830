// The citizen's pages work without it.
"use strict";

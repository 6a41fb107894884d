#include "stage.h"
const Scene scenes[] = {{0}};
Object *scene_coroutine(const Scene *s) {return coroutine_new(&s->code, NULL);}

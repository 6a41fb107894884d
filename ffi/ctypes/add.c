// add.c: the smallest library: add.py calls it. cc -shared -fPIC -o libadd.so add.c
int add(int a, int b);

int add(int a, int b) {
    return a + b;
}

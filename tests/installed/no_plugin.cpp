// A library without the door.
extern "C" __attribute__((visibility("default"))) int number_of_doors();
extern "C" int number_of_doors() {
    return 0;
}

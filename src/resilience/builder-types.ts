/** The item types of a builder, for the type of what a sub-pipeline gives; members are added where the builder is declared. */
export interface BuilderTypes<TBuilder> {
  /** @hidden */
  readonly builder: TBuilder;
}
